#include "check_codes.hpp"
#include "topk_rule.hpp"
#include "topk_slots.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
void topk_encode(const model::TopKAutoencoder<Scalar>& weights, Index k,
                 std::type_identity_t<ConstView<Scalar>> X, SparseCodes<Scalar>& codes,
                 ThreadPool& pool) {
  constexpr std::string_view where = "ops::topk_encode";
  model::check_shapes(weights, where);
  check_samples<Scalar>(X, weights, where);
  check_atoms<Scalar>(X, weights.encoder, where);
  require(k >= 1, where, "k must be >= 1");
  const Index N = X.rows(), d = X.cols(), m = weights.units();
  codes.offset.assign(1, 0);
  codes.index.clear();
  codes.value.clear();
  codes.atoms = m;
  if (N == 0) return;
  static thread_local CodeScreen<Scalar> screen_of_caller;
  static thread_local TopKSlots<Scalar> slots_of_caller;
  static thread_local Scratch<Scalar> centred_of_caller;
  auto& screen = screen_of_caller;
  auto& slots = slots_of_caller;
  const Scalar* bias = weights.encoder_bias.size() > 0 ? weights.encoder_bias.data() : nullptr;
  screen.prepare(weights.encoder, bias, largest_positive<Scalar>(std::min(k, m)), N,
                 topk_products<Scalar>(N, m, d, k), pool);
  Scalar* centred = centred_of_caller.get(std::min(N, kPanel) * d);
  for (Index begin = 0; begin < N; begin += kPanel) {
    const ConstView<Scalar> panel = X.middleRows(begin, std::min(kPanel, N - begin));
    slots.resize(panel.rows(), std::min(k, m));
    parallel_for(pool, panel.rows(), screen.block(), [&](Index from, Index to) {
      screen.codes(centre<Scalar>(panel, weights.decoder_bias, from, to, centred), 0,
                   [&](Index s, const RowCodes<Scalar>& row) { slots.set(from + s, row); });
    });
    append(slots, panel.rows(), codes);
  }
}

template <std::floating_point Scalar>
void topk_decode(const model::TopKAutoencoder<Scalar>& weights, const SparseCodes<Scalar>& codes,
                 std::type_identity_t<View<Scalar>> Xhat, ThreadPool& pool) {
  model::check_shapes(weights, "ops::topk_decode");
  decode<Scalar>(codes, weights.decoder_rows(), Xhat, pool);
  if (weights.decoder_bias.size() > 0) Xhat.rowwise() += weights.decoder_bias.transpose();
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                            \
  template void topk_encode(const model::TopKAutoencoder<Scalar>&, Index, ConstView<Scalar>,   \
                            SparseCodes<Scalar>&, ThreadPool&);                                \
  template void topk_decode(const model::TopKAutoencoder<Scalar>&, const SparseCodes<Scalar>&, \
                            View<Scalar>, ThreadPool&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
