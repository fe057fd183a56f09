// The instructions for products of bfloat16 that this machine has.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "linalg/split_engine.hpp"

namespace twofold {

// For the names of the tests.
inline void PrintTo(const SplitEngine* engine, std::ostream* out) {
  *out << (engine == nullptr ? "none" : engine->name);
}

namespace test {

inline std::vector<const SplitEngine*> split_engines() {
  std::vector<const SplitEngine*> found{&portable_split_engine()};
  for (const SplitEngine* engine : {avx512_split_engine(), amx_split_engine()}) {
    if (engine != nullptr) found.push_back(engine);
  }
  return found;
}

inline std::string engine_name(const SplitEngine* engine) {
  return engine == nullptr ? "none" : std::string(engine->name);
}

}  // namespace test
}  // namespace twofold
