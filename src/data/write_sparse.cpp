#include "twofold/data/write_sparse.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <limits>
#include <numeric>
#include <ostream>

#include "npy_format.hpp"
#include "spool.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "zip_writer.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::write_csr";

// The arrays of a matrix, as they grow.
class Arrays {
 public:
  Arrays(const std::filesystem::path& folder, std::uint64_t rows, Index columns)
      : rows_(rows), columns_(columns), indptr_(folder), indices_(folder), data_(folder) {
    append_end();
  }

  void append(std::span<const std::int64_t> lengths, std::span<const std::int32_t> columns,
              std::span<const float> values) {
    const auto total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
    require(total == static_cast<std::int64_t>(columns.size()) && columns.size() == values.size(),
            kWhere,
            fmt::format("{} entries were announced, {} columns and {} values came", total,
                        columns.size(), values.size()));
    for (const std::int32_t j : columns) {
      require(j >= 0 && j < columns_, kWhere, fmt::format("column {} of {}", j, columns_));
    }
    for (const std::int64_t length : lengths) {
      end_ += length;
      append_end();
    }
    indices_.append(columns.data(), columns.size_bytes());
    data_.append(values.data(), values.size_bytes());
    seen_ += lengths.size();
  }

  void write(std::ostream& out) {
    require(seen_ == rows_, kWhere, fmt::format("{} rows were announced, {} came", rows_, seen_));
    ZipWriter zip(out);
    zip.add("format.npy", npy_header("()", "|S3") + "csr");
    const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(rows_), columns_};
    zip.add("shape.npy",
            npy_header("(2,)", "<i8") +
                std::string(reinterpret_cast<const char*>(shape.data()), sizeof shape));
    add(zip, "indptr.npy", npy_header(fmt::format("({},)", rows_ + 1), "<i8"), indptr_);
    const std::string entries = fmt::format("({},)", end_);
    add(zip, "indices.npy", npy_header(entries, "<i4"), indices_);
    add(zip, "data.npy", npy_header(entries, "<f4"), data_);
    zip.finish();
  }

 private:
  void append_end() { indptr_.append(&end_, sizeof end_); }

  static void add(ZipWriter& zip, const std::string& name, const std::string& header,
                  Spool& content) {
    const auto* text = reinterpret_cast<const Bytef*>(header.data());
    const std::uint32_t crc = content.crc_after(
        static_cast<std::uint32_t>(crc32(0, text, static_cast<uInt>(header.size()))));
    zip.add(name, header.size() + content.size(), crc, [&](std::ostream& out) {
      out << header;
      content.copy_to(out);
    });
  }

  std::uint64_t rows_, seen_ = 0;
  Index columns_;
  std::int64_t end_ = 0;
  Spool indptr_, indices_, data_;
};

}  // namespace

void write_csr(const std::filesystem::path& path, std::uint64_t rows, Index columns,
               const std::function<void(const AppendSparseRows&)>& produce) {
  require(path.extension() == ".npz", kWhere, fmt::format("'{}' must end in .npz", path.string()));
  require(columns >= 1 && columns <= std::numeric_limits<std::int32_t>::max(), kWhere,
          fmt::format("{} columns cannot be written", columns));
  Arrays arrays(path.parent_path(), rows, columns);
  produce([&](std::span<const std::int64_t> lengths, std::span<const std::int32_t> columns_of,
              std::span<const float> values) { arrays.append(lengths, columns_of, values); });
  write_file(path, [&](std::ostream& out) { arrays.write(out); });
}

}  // namespace twofold::data
