// The report's page as embedded by assets.s: all of it but one report's own content.
#pragma once

#include <string_view>

extern "C" {
extern const char twofold_report_page_begin[];
extern const char twofold_report_page_end[];
}

namespace twofold::report {

/// HTML with the placeholders {{title}}, {{plain}} and {{records}} (web/assemble.mjs).
inline std::string_view page_template() {
  return {twofold_report_page_begin, twofold_report_page_end};
}

}  // namespace twofold::report
