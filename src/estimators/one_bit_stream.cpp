#include "twofold/estimators/one_bit_stream.hpp"

#include <fmt/format.h>

#include <chrono>

#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/write_rows.hpp"
#include "twofold/estimators/one_bit_file.hpp"

namespace twofold::estimators {
namespace {

/// Adds up the time between start and stop.
class Stopwatch {
 public:
  void start() { begin_ = Clock::now(); }
  void stop() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_;
  double seconds_ = 0.0;
};

template <typename Scalar>
void encode_rows(const OneBitCodec& codec, const data::Source& source, const AppendRecords& append,
                 ThreadPool& pool, Observer& observer, StreamReport& report) {
  Stopwatch watch;
  std::vector<std::uint8_t> records;
  const SpacedRows all(source.size(), source.size());
  watch.start();
  for_each_chunk<Scalar>(
      source, all, pool, "encode", observer, [&](std::uint64_t, const ConstView<Scalar>& X) {
        records.resize(static_cast<std::size_t>(X.rows() * codec.record_bytes()));
        report.cut_norms += codec.encode(pool, X, records);
        watch.stop();
        append(records);
        watch.start();
      });
  watch.stop();
  report.seconds = watch.seconds();
}

}  // namespace

StreamReport encode_file(const OneBitCodec& codec, const data::Source& source,
                         const std::filesystem::path& codes, ThreadPool& pool, Observer& observer) {
  constexpr auto where = "estimators::encode_file";
  require(source.size() != data::kUnlimited, where, source.description() + " has no end");
  require(source.dimension() == codec.dimension(), where,
          fmt::format("{}: has dimension {}, but the codec is for {}; fit one to these data",
                      source.description(), source.dimension(), codec.dimension()));
  StreamReport report{.vectors = source.size()};
  write_codes(codes, codec, source.size(), [&](const AppendRecords& append) {
    if (source.exact_in_float()) {
      encode_rows<float>(codec, source, append, pool, observer, report);
    } else {
      encode_rows<double>(codec, source, append, pool, observer, report);
    }
  });
  return report;
}

StreamReport decode_file(const OneBitCodec& codec, const std::filesystem::path& codes,
                         const std::filesystem::path& vectors, Reconstruction output,
                         ThreadPool& pool, Observer& observer) {
  CodesReader reader(codes);
  reader.require_codec(codec);
  const CodesHeader& header = reader.header();
  StreamReport report{.vectors = header.vectors};
  Stopwatch watch;
  const auto produce = [&](const data::AppendRows& append) {
    std::uint64_t done = 0;
    for (std::uint64_t block = 0; block < header.blocks(); ++block) {
      stop_if_asked(observer);
      watch.start();
      const auto records = reader.read_block(block);
      MatrixF X(static_cast<Index>(records.size()) / header.record_bytes, header.dimension);
      codec.decode(pool, records, X, output);
      watch.stop();
      append(X);
      done += static_cast<std::uint64_t>(X.rows());
      observer.progress({.stage = "decode",
                         .done = static_cast<std::int64_t>(done),
                         .total = static_cast<std::int64_t>(header.vectors)});
    }
  };
  data::write_rows(vectors, header.vectors, header.dimension, produce);
  report.seconds = watch.seconds();
  return report;
}

}  // namespace twofold::estimators
