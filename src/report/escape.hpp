// Text put into the page so that it can end no element and start none.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace twofold::report {

/// Text for an element or attribute: & < > " as entities.
[[nodiscard]] inline std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// JSON for a script element: ASCII only (so U+2028 too is escaped), and no <, > or &,
/// so that neither "</script>" nor "<!--" can occur. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] inline std::string script_json(const nlohmann::json& value) {
  std::string escaped;
  for (const char c : value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)) {
    switch (c) {
      case '<':
        escaped += "\\u003c";
        break;
      case '>':
        escaped += "\\u003e";
        break;
      case '&':
        escaped += "\\u0026";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// `page` with each {{name}} of `parts` replaced, in one pass: what is put in is not read again.
[[nodiscard]] inline std::string fill_placeholders(
    std::string_view page, const std::map<std::string, std::string, std::less<>>& parts) {
  std::string filled;
  while (!page.empty()) {
    const std::size_t open = std::min(page.find("{{"), page.size());
    filled += page.substr(0, open);
    page.remove_prefix(open);
    const std::size_t close = page.find("}}");
    const auto part =
        close == page.npos || close < 2 ? parts.end() : parts.find(page.substr(2, close - 2));
    if (part != parts.end()) {
      filled += part->second;
      page.remove_prefix(close + 2);
    } else if (!page.empty()) {
      filled += page.front();
      page.remove_prefix(1);
    }
  }
  return filled;
}

}  // namespace twofold::report
