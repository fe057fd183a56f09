#include "twofold/data/npy_matrix_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "npy_format.hpp"
#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

static_assert(std::endian::native == std::endian::little);

namespace fs = std::filesystem;

constexpr auto kWhere = "data::NpyMatrixWriter";

[[noreturn]] void fail(const fs::path& path, int error_number) {
  throw OutputError(kWhere, "cannot write " + path.string() + ": " + std::strerror(error_number) +
                                "; free space or choose another place");
}

void check_room(const fs::path& path, double bytes) {
  std::error_code code;
  const fs::space_info space = fs::space(fs::absolute(path).parent_path(), code);
  if (code) fail(path, code.value());
  if (static_cast<double>(space.available) >= bytes) return;
  throw OutputError(
      kWhere,
      fmt::format("{} needs {:.4g} GB, its disk has {:.4g} GB left; free space "
                  "or choose another place",
                  path.string(), 1e-9 * bytes, 1e-9 * static_cast<double>(space.available)));
}

// Writes all bytes or throws; a call may take only a part of them.
void write_all(int descriptor, const fs::path& path, std::span<const char> bytes, off_t place) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(), place);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) fail(path, done < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    place += done;
  }
}

}  // namespace

template <std::floating_point Scalar>
NpyMatrixWriter<Scalar>::NpyMatrixWriter(fs::path path, Index rows, Index columns)
    : path_(std::move(path)), rows_(rows), columns_(columns) {
  require(rows >= 1 && columns >= 1, kWhere,
          fmt::format("a matrix of {}x{} cannot be written", rows, columns));
  const std::string header = npy_header(fmt::format("({}, {})", rows, columns), sizeof(Scalar));
  data_begin_ = static_cast<Index>(header.size());
  check_room(path_, static_cast<double>(header.size()) +
                        static_cast<double>(rows) * static_cast<double>(columns) * sizeof(Scalar));
  temporary_ = path_.string() + ".part" + std::to_string(::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_, errno);
  try {
    const off_t bytes = data_begin_ + rows * columns * static_cast<Index>(sizeof(Scalar));
    const int error_number = ::posix_fallocate(descriptor_, 0, bytes);
    if (error_number != 0) fail(path_, error_number);
    write_all(descriptor_, path_, header, 0);
  } catch (...) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
    throw;
  }
}

template <std::floating_point Scalar>
NpyMatrixWriter<Scalar>::~NpyMatrixWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

template <std::floating_point Scalar>
void NpyMatrixWriter<Scalar>::write(Index row, Index column, const ConstView<Scalar>& block) const {
  const bool fits =
      row >= 0 && column >= 0 && block.rows() <= rows_ - row && block.cols() <= columns_ - column;
  require(fits && descriptor_ >= 0, kWhere,
          fmt::format("a block of {}x{} at ({}, {}) does not fit {}x{}, or the file is closed",
                      block.rows(), block.cols(), row, column, rows_, columns_));
  for (Index i = 0; i < block.rows(); ++i) {
    const auto* const numbers =
        reinterpret_cast<const char*>(block.data() + i * block.outerStride());
    const Index place = (row + i) * columns_ + column;
    write_all(descriptor_, path_,
              std::span(numbers, static_cast<std::size_t>(block.cols()) * sizeof(Scalar)),
              data_begin_ + place * static_cast<Index>(sizeof(Scalar)));
  }
}

template <std::floating_point Scalar>
void NpyMatrixWriter<Scalar>::commit() {
  require(descriptor_ >= 0, kWhere, "the file was committed before");
  if (::fsync(descriptor_) != 0) fail(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, errno);
  ::close(std::exchange(descriptor_, -1));
}

template class NpyMatrixWriter<float>;
template class NpyMatrixWriter<double>;

}  // namespace twofold::data
