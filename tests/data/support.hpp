// What the tests of this layer share: files written byte by byte, and messages checked.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// The bytes of a file, appended number by number in either byte order.
class FileBytes {
 public:
  FileBytes& text(std::string_view more) {
    bytes_.append(more);
    return *this;
  }
  template <typename T>
  FileBytes& little(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes_.append(raw, sizeof(T));
    return *this;
  }
  template <typename T>
  FileBytes& big(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    for (std::size_t k = sizeof(T); k-- > 0;) bytes_.push_back(raw[k]);
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  std::filesystem::path save(const std::filesystem::path& path) const {
    std::ofstream(path, std::ios::binary) << bytes_;
    return path;
  }

 private:
  std::string bytes_;
};

/// `call` must throw E, with every one of `parts` in its message.
template <typename E, typename Call>
void expect_throw(Call&& call, std::initializer_list<std::string_view> parts) {
  try {
    call();
  } catch (const E& error) {
    for (const std::string_view part : parts) {
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(part)));
    }
    return;
  } catch (const std::exception& error) {
    FAIL() << "another exception: " << error.what();
  }
  FAIL() << "nothing was thrown";
}

/// Rows first ... first + count - 1 of a source.
template <typename Scalar = double>
MatrixOf<Scalar> rows_of(const Source& source, Index count, std::uint64_t first = 0) {
  MatrixOf<Scalar> rows(count, source.dimension());
  source.read(first, View<Scalar>(rows));
  return rows;
}

template <typename Scalar = double>
MatrixOf<Scalar> all_rows(const Source& source) {
  return rows_of<Scalar>(source, static_cast<Index>(source.size()));
}

}  // namespace twofold::data
