#include "codec_table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "twofold/core/version.hpp"

namespace twofold::app {
namespace {

using estimators::OneBitCodec;
using estimators::OneBitCodecParameters;
using experiment::Json;

std::string transform_name(const OneBitCodecParameters& p) {
  switch (p.transform) {
    case estimators::TransformKind::None:
      break;
    case estimators::TransformKind::Cosine:
      return p.image.empty() ? "dct"
                             : fmt::format("dct of images {} x {} x {}", p.image.rows, p.image.cols,
                                           p.image.channels);
    case estimators::TransformKind::Principal:
      return fmt::format("pca, {} directions", p.directions.rows());
  }
  return "none";
}

double compression(const OneBitCodec& codec) {
  return static_cast<double>(codec.dimension()) * double{sizeof(float)} /
         static_cast<double>(codec.record_bytes());
}

Json layers_of_table(const FitReport& report) {
  Json table = Json::array();
  for (const auto& row : report.prediction.decoders) {
    Json entry = {{"decoder", row.decoder}, {"layers", row.layers}, {"predicted_mse", row.mse}};
    for (const MeasuredLayer& m : report.held_out) {
      if (row.decoder != "fitted" || m.layers != row.layers) continue;
      entry["measured_mse"] = m.measured.mean;
      entry["standard_error"] = m.measured.standard_error;
    }
    table.push_back(entry);
  }
  return table;
}

Json summary_of(const OneBitCodec& codec, const FitReport& report) {
  const OneBitCodecParameters& p = codec.parameters();
  Json summary = {{"predicted_mse", p.predicted},
                  {"measured_mse", nullptr},
                  {"bytes_per_vector", codec.record_bytes()},
                  {"layers", p.layers},
                  {"verdict", report.verdict},
                  {"reason", report.reason}};
  for (const MeasuredLayer& m : report.held_out) {
    if (m.layers != p.layers) continue;
    summary["measured_mse"] = m.measured.mean;
    summary["standard_error"] = m.measured.standard_error;
    summary["tolerance"] = estimators::agreement_tolerance(p.layers);
  }
  if (report.prediction.identity) summary["identity"] = *report.prediction.identity;
  return summary;
}

}  // namespace

void print_prediction(const OneBitCodec& codec, const FitReport& report) {
  const OneBitCodecParameters& p = codec.parameters();
  fmt::print("{}\n{} bits{} = {} bytes per vector, {:.3g} times smaller than float32\n",
             report.data, p.code_length, p.norm_stored ? " and a norm" : "", codec.record_bytes(),
             compression(codec));
  fmt::print("{} of {} coordinates used, transform {}, prior {}\n\n", p.used(), p.dimension(),
             transform_name(p), p.prior.name());
  fmt::print("predicted error / variance; nothing has been encoded yet\n");
  fmt::print("  {:<12} {:>6} {:>10}\n", "decoder", "layers", "predicted");
  for (const auto& row : report.prediction.decoders) {
    fmt::print("  {:<12} {:>6} {:>10.4f}\n", row.decoder, row.layers, row.mse);
  }
  if (report.prediction.identity) {
    fmt::print("  {:<12} {:>6} {:>10.4f}   signs of the coordinates themselves\n", "identity", 1,
               *report.prediction.identity);
  }
  for (const std::string& text : report.prediction.warnings) fmt::print("note: {}\n", text);
  for (const std::string& text : report.prediction.obstacles)
    fmt::print("do not trust: {}\n", text);
  fmt::print("\n");
}

void print_measurement(const OneBitCodec& codec, const FitReport& report) {
  if (!report.held_out.empty()) {
    fmt::print("on {} held-out vectors\n", report.held_out_rows);
    fmt::print("  {:<12} {:>6} {:>10} {:>10} {:>10} {:>11}\n", "decoder", "layers", "predicted",
               "measured", "std. error", "difference");
    for (const MeasuredLayer& m : report.held_out) {
      fmt::print("  {:<12} {:>6} {:>10.4f} {:>10.4f} {:>10.4f} {:>+10.1f} %{}\n", "fitted",
                 m.layers, m.predicted, m.measured.mean, m.measured.standard_error,
                 100.0 * (m.measured.mean / m.predicted - 1.0),
                 m.layers == codec.parameters().layers ? "  <- chosen" : "");
    }
  }
  fmt::print("verdict: {}{}{}\n", report.verdict, report.reason.empty() ? "" : ": ", report.reason);
}

Json fit_document(const OneBitCodec& codec, const FitReport& report) {
  Json document = {{"twofold", kVersion},
                   {"command", "codec fit"},
                   {"data", report.data},
                   {"file", report.codec},
                   {"summary", summary_of(codec, report)},
                   {"table", layers_of_table(report)},
                   {"held_out_rows", report.held_out_rows},
                   {"effective_coordinates", report.prediction.effective_coordinates},
                   {"constant_coordinates", report.prediction.constant_coordinates},
                   {"warnings", report.prediction.warnings},
                   {"obstacles", report.prediction.obstacles}};
  document["codec"] = codec_document(codec);
  document["timing"] = {{"fit_s", report.fit_s}, {"measure_s", report.measure_s}};
  return document;
}

Json codec_document(const OneBitCodec& codec) {
  const OneBitCodecParameters& p = codec.parameters();
  Json document = {{"kind", "codec"},
                   {"hash", fmt::format("{:016x}", estimators::codec_hash(codec))},
                   {"dimension", p.dimension()},
                   {"bits", p.code_length},
                   {"bytes_per_vector", codec.record_bytes()},
                   {"used_coordinates", p.used()},
                   {"transform", transform_name(p)},
                   {"prior", p.prior.name()},
                   {"fourth_moment", p.prior.fourth_moment()},
                   {"norm_stored", p.norm_stored},
                   {"norm_relative_deviation", std::sqrt(p.norm_variance)},
                   {"layers", p.layers},
                   {"seed", p.seed},
                   {"training_rows", p.training_rows},
                   {"predicted_mse", p.predicted}};
  document["measured_mse"] = p.measured < 0.0 ? Json() : Json(p.measured);
  return document;
}

Json codes_document(const estimators::CodesHeader& header) {
  return {{"kind", "codes"},
          {"codec_hash", fmt::format("{:016x}", header.codec)},
          {"vectors", header.vectors},
          {"dimension", header.dimension},
          {"bits", header.code_length},
          {"bytes_per_vector", header.record_bytes},
          {"norm_stored", header.norm_stored},
          {"blocks", header.blocks()}};
}

void print_document(const Json& document) {
  for (const auto& [key, value] : document.items()) {
    fmt::print("{:<24} {}\n", key,
               value.is_string()         ? value.get<std::string>()
               : value.is_null()         ? "-"
               : value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                                         : value.dump());
  }
}

}  // namespace twofold::app
