// Every key a spec may hold, collected from the field lists of the options.
#pragma once

#include <string>
#include <vector>

namespace twofold::app {

/// One key of a spec: where it stands, its default in TOML syntax, what it may be.
struct SpecKey {
  std::string system;   ///< whose key it is; empty: every system's
  std::string section;  ///< as written in a spec: "", "[train]", "[[claim]]"
  std::string name;
  std::string default_value;
  std::string domain;  ///< "> 0", "iid | paired"; empty if any value of its type will do
  std::string help;
};

/// In the order of the sections in a spec.
[[nodiscard]] std::vector<SpecKey> spec_keys();

}  // namespace twofold::app
