#include "twofold/data/write_rows.hpp"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <ostream>

#include "npy_format.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::data {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr auto kWhere = "data::write_rows";

// One row of the file; a mark stands before it where the format has one.
void write_row(std::ostream& out, const float* row, std::int32_t columns, bool marked) {
  if (marked) out.write(reinterpret_cast<const char*>(&columns), sizeof columns);
  out.write(reinterpret_cast<const char*>(row),
            static_cast<std::streamsize>(columns) * std::streamsize{sizeof(float)});
}

}  // namespace

void write_rows(const std::filesystem::path& path, std::uint64_t rows, Index columns,
                const std::function<void(const AppendRows&)>& produce) {
  const auto ending = path.extension();
  require(ending == ".npy" || ending == ".fvecs", kWhere,
          fmt::format("'{}' must end in .npy or .fvecs", path.string()));
  require(columns >= 1 && columns <= std::numeric_limits<std::int32_t>::max(), kWhere,
          fmt::format("{} columns cannot be written", columns));
  const bool marked = ending == ".fvecs";
  write_file(path, [&](std::ostream& out) {
    if (!marked) out << npy_header(fmt::format("({}, {})", rows, columns), sizeof(float));
    std::uint64_t written = 0;
    produce([&](const ConstView<float>& piece) {
      require(piece.cols() == columns, kWhere,
              fmt::format("rows of length {} do not fit {} columns", piece.cols(), columns));
      for (Index i = 0; i < piece.rows(); ++i) {
        write_row(out, piece.row(i).data(), static_cast<std::int32_t>(columns), marked);
      }
      written += static_cast<std::uint64_t>(piece.rows());
    });
    require(written == rows, kWhere, fmt::format("{} rows were announced, {} came", rows, written));
  });
}

}  // namespace twofold::data
