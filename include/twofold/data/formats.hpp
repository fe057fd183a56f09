// Files of samples, opened by the name of their format or by their ending.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Opens a file of samples.
///
/// @param path    for .npz one array may be named: "file.npz:name".
/// @param format  npy | npz | fvecs | bvecs | ivecs | idx | cifar10 | csv, or "file": by the
///                ending (.npy .npz .fvecs .bvecs .ivecs .csv .tsv .txt .bin -ubyte[.gz]
///                .idx[.gz]).
/// @throws InvalidArgument  if the format is unknown or the ending says nothing; DataError as
///         the loader of the format.
[[nodiscard]] std::shared_ptr<const Source> open_file(const std::string& path,
                                                      std::string_view format = "file");

/// The formats that open_file knows, without "file".
[[nodiscard]] std::vector<std::string> format_names();

}  // namespace twofold::data
