// Run folders with plausible contents, for the tests of the report.
#pragma once

#include <filesystem>
#include <vector>

namespace twofold::report::testing {

/// Writes three run folders under `folder`: learning curves of four components (log time axis),
/// a width sweep on two log axes with a band and small multiples, and a run on images with a
/// picture. 25 claims: 23 hold, one fails, one is not applicable. 4 figures.
/// The "measured" values are the predicted ones with Gaussian noise: nothing is trained.
std::vector<std::filesystem::path> write_sample_records(const std::filesystem::path& folder);

}  // namespace twofold::report::testing
