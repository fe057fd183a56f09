// Errors: what is thrown, and how a message is built.
//
// Three kinds of failure, three mechanisms:
//   misuse, unreadable data, unwritable output -> an exception of this file;
//   a numerical outcome                        -> a status inside the result;
//   a broken invariant of our own              -> assert.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace twofold {

/// Base of everything twofold throws. what() reads "[layer::function] message".
class Error : public std::runtime_error {
 public:
  /// @param where    "layer::function" of the check that failed.
  /// @param message  names the offending value, and the remedy where there is one.
  Error(std::string_view where, std::string_view message)
      : std::runtime_error("[" + std::string(where) + "] " + std::string(message)) {}
};

/// A caller passed something outside the documented domain (command line: exit 2).
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A file or array cannot be read, or does not hold what it claims (exit 3).
class DataError : public Error {
 public:
  using Error::Error;
};

/// A result cannot be written; nothing partial is left behind (exit 3).
class OutputError : public Error {
 public:
  using Error::Error;
};

/// Throws InvalidArgument("where", message) unless `condition` holds.
inline void require(bool condition, std::string_view where, std::string_view message) {
  if (!condition) throw InvalidArgument(where, message);
}

}  // namespace twofold
