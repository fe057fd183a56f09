#include "catapult_log.hpp"

#include <algorithm>

namespace twofold::train {
namespace {

constexpr std::size_t kKept = 32;
constexpr Index kColumns = 4;

auto row_of(const Catapult& c) {
  return Eigen::RowVector4d(static_cast<double>(c.start), static_cast<double>(c.end), c.before,
                            c.peak);
}

Catapult from_row(const Matrix& saved, Index row) {
  return {static_cast<std::int64_t>(saved(row, 0)), static_cast<std::int64_t>(saved(row, 1)),
          saved(row, 2), saved(row, 3)};
}

}  // namespace

CatapultLog::CatapultLog(double floor) : floor_(floor) {
  ended_.reserve(kKept);
}

bool CatapultLog::observe(std::int64_t k, double before, double after) {
  const bool rose = after > before && before > floor_;
  if (!up_) {
    if (!rose) return false;
    up_ = true;
    current_ = {k, -1, before, after};
  } else if (after < current_.before) {
    up_ = false;
    current_.end = k;
    ++count_;
    if (ended_.size() < kKept) ended_.push_back(current_);
  } else {
    current_.peak = std::max(current_.peak, after);
  }
  return rose;
}

std::vector<Catapult> CatapultLog::all() const {
  std::vector<Catapult> catapults = ended_;
  if (up_) catapults.push_back(current_);
  return catapults;
}

// Row 0: the count and whether one is not over; row 1: that one; then those that ended.
Matrix CatapultLog::save() const {
  Matrix saved = Matrix::Zero(2 + static_cast<Index>(ended_.size()), kColumns);
  saved(0, 0) = static_cast<double>(count_);
  saved(0, 1) = up_ ? 1 : 0;
  saved.row(1) = row_of(current_);
  Index row = 2;
  for (const Catapult& c : ended_) saved.row(row++) = row_of(c);
  return saved;
}

void CatapultLog::restore(const Matrix& saved) {
  count_ = static_cast<std::int64_t>(saved(0, 0));
  up_ = saved(0, 1) != 0;
  current_ = from_row(saved, 1);
  ended_.clear();
  for (Index row = 2; row < saved.rows(); ++row) ended_.push_back(from_row(saved, row));
}

}  // namespace twofold::train
