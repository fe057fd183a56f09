#include "report/escape.hpp"

#include <gtest/gtest.h>

namespace twofold::report {
namespace {

using nlohmann::json;

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ(escape_html("a<b & \"c\">σ"), "a&lt;b &amp; &quot;c&quot;&gt;σ");
}

TEST(ScriptJson, CannotEndItsElementAndReadsBackTheSame) {
  const json value = {{"title", "</script><!-- & -->"}, {"σ", "line\u2028end\u2029"}};
  const std::string text = script_json(value);
  EXPECT_EQ(text.find_first_of("<>&"), text.npos);
  EXPECT_NE(text.find("\\u2028"), text.npos);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  EXPECT_EQ(json::parse(text), value);
}

TEST(ScriptJson, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(script_json(json("a\xff")), "\"a\\ufffd\"");
}

TEST(FillPlaceholders, ReplacesEachNameOnce) {
  EXPECT_EQ(fill_placeholders("<{{a}}|{{b}}|{{a}}>", {{"a", "1"}, {"b", "2"}}), "<1|2|1>");
}

TEST(FillPlaceholders, DoesNotReadWhatItPutIn) {
  EXPECT_EQ(fill_placeholders("{{a}}{{b}}", {{"a", "{{b}}"}, {"b", "x"}}), "{{b}}x");
}

TEST(FillPlaceholders, LeavesOtherBracesAlone) {
  for (const char* text : {"{{c}}", "f={{}}", "{{{a}", "}}{{", "{{", "{"}) {
    EXPECT_EQ(fill_placeholders(text, {{"a", "1"}}), text);
  }
  EXPECT_EQ(fill_placeholders("{{{a}}}", {{"a", "1"}}), "{1}");
}

}  // namespace
}  // namespace twofold::report
