#include "experiments_folder.hpp"

#include <cstdlib>

namespace twofold::app {

namespace fs = std::filesystem;

fs::path experiments_folder(const fs::path& given) {
  if (!given.empty()) return given;
  if (const char* folder = std::getenv("TWOFOLD_EXPERIMENTS"); folder != nullptr) return folder;
  std::error_code code;
  const fs::path tool = fs::read_symlink("/proc/self/exe", code);
  fs::path installed = tool.parent_path().parent_path() / "share/twofold/experiments";
  if (!code && fs::is_directory(installed)) return installed;
  return TWOFOLD_SOURCE_EXPERIMENTS;
}

}  // namespace twofold::app
