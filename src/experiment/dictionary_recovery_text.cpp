#include <fmt/format.h>

#include "experiment/dictionary_recovery_theory.hpp"

#include "experiment/record_making.hpp"
namespace twofold::experiment {
namespace {

constexpr std::size_t kFirstRows = 5, kEvery = 10;  // iterations that are printed

void add_row(std::string& text, std::string_view name, const Json& value) {
  text += fmt::format("{:<52} {:>10}\n", name, cell(value));
}

void add_floors(std::string& text, const Json& s) {
  text += fmt::format("{:<52} {:>10}\n", "squared distance from the truth, all atoms together",
                      "predicted");
  add_row(text, "  floor, both terms of the gradient", s["floor"]);
  add_row(text, "  floor, decoder's term only", s["floor_decoder_only"]);
  add_row(text, "  of the noise in these samples", s["noise_term"]);
  add_row(text, "  of finitely many samples", s["sampling_term"]);
  add_row(text, "  of the bias", s["bias_term"]);
  add_row(text, "  where this run ends", s["final_error"]);
  text += "\n";
  add_row(text, "step ζ", s["step"]);
  add_row(text, "  stable below", s["step_edge"]);
  add_row(text, "samples with the right support, at the start", s["start_consistency"]);
  add_row(text, "  at the end", s["consistency"]);
  add_row(text, "wrong entries of a code", s["label_error"]);
}

void add_series(std::string& text, const Json& series) {
  text += "\niteration  error\n";
  const Json& t = series["iteration"];
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (i > kFirstRows && i + 1 < t.size() && i % kEvery != 0) continue;
    text += fmt::format("{:>9}  {}\n", cell(t[i]), cell(series["error"][i]));
  }
}

}  // namespace

std::string dictionary_recovery_prediction_text(const Json& prediction) {
  const Json& s = prediction["summary"];
  std::string text;
  if (prediction.contains("case")) text += fmt::format("case {}\n", cell(prediction["case"]));
  text += fmt::format("{} atoms of length {}", cell(s["atoms"]), cell(s["dimension"]));
  if (!s.contains("floor")) {
    return text + fmt::format(
                      "\nstep ζ = {}\n\nThe dictionary behind these samples is not known: "
                      "theory predicts nothing here; `twofold learn` estimates what it "
                      "needs from the samples.\n",
                      cell(s["step"]));
  }
  text += fmt::format(", {} in a sample\n\n", cell(s["sparsity"]));
  add_floors(text, s);
  if (prediction.contains("series")) add_series(text, prediction["series"]);
  text += "\n";
  for (const Json& entry : prediction["trust"]) {
    text += fmt::format("{} = {} (limit {}, {}): {}\n", cell(entry["name"]), cell(entry["value"]),
                        cell(entry["limit"]), cell(entry["verdict"]), cell(entry["text"]));
  }
  return text;
}

}  // namespace twofold::experiment
