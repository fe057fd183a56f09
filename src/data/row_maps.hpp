// The row maps that transforms are made of.
#pragma once

#include "mapped_rows.hpp"

namespace twofold::data {

/// x − mean.
class Center final : public RowMap {
 public:
  explicit Center(Vector mean) : mean_(std::move(mean)) {}
  [[nodiscard]] std::string name() const override { return "center"; }
  [[nodiscard]] KeptTransform kept() const override { return {.name = {}, .vector = mean_}; }
  [[nodiscard]] Index input_dimension() const override { return mean_.size(); }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  Vector mean_;
};

/// factor · x.
class Scale final : public RowMap {
 public:
  Scale(std::string name, double factor) : name_(std::move(name)), factor_(factor) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] KeptTransform kept() const override { return {.name = {}, .number = factor_}; }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  std::string name_;
  double factor_;
};

/// norm · x / ‖x‖, and 0 for 0.
class FixNorm final : public RowMap {
 public:
  FixNorm(std::string name, double norm) : name_(std::move(name)), norm_(norm) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] KeptTransform kept() const override { return {.name = {}, .number = norm_}; }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  std::string name_;
  double norm_;
};

/// (x − mean)ᵀ root, with the symmetric root C^{-1/2}.
class Whiten final : public RowMap {
 public:
  Whiten(Vector mean, Matrix root) : mean_(std::move(mean)), root_(std::move(root)) {}
  [[nodiscard]] std::string name() const override { return "whiten"; }
  [[nodiscard]] KeptTransform kept() const override {
    return {.name = {}, .vector = mean_, .matrix = root_};
  }
  [[nodiscard]] Index input_dimension() const override { return mean_.size(); }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  Vector mean_;
  Matrix root_;
};

/// Mean over squares of 2×2 pixels, per channel. @pre rows and columns are even.
class Pool2 final : public RowMap {
 public:
  explicit Pool2(ImageShape shape) : shape_(shape) {}
  [[nodiscard]] std::string name() const override { return "pool2"; }
  [[nodiscard]] Index output_dimension(Index input) const override { return input / 4; }
  [[nodiscard]] ImageShape output_shape(ImageShape input) const override {
    return {input.rows / 2, input.cols / 2, input.channels};
  }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  ImageShape shape_;
};

/// Mean over channels.
class Gray final : public RowMap {
 public:
  explicit Gray(ImageShape shape) : shape_(shape) {}
  [[nodiscard]] std::string name() const override { return "gray"; }
  [[nodiscard]] Index output_dimension(Index input) const override {
    return input / shape_.channels;
  }
  [[nodiscard]] ImageShape output_shape(ImageShape input) const override {
    return {input.rows, input.cols, 1};
  }
  void apply(const ConstView<double>& in, View<double> out) const override;

 private:
  ImageShape shape_;
};

}  // namespace twofold::data
