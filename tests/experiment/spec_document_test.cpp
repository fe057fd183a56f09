#include "twofold/experiment/spec_document.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

constexpr std::array<std::string_view, 2> kColours{"red", "green"};

struct Options {
  bool flag = false;
  std::int64_t count = 3;
  double rate = 0.5;
  std::string colour = "red";
  std::vector<double> numbers{1.0};
  std::vector<std::int64_t> sizes;
  std::vector<std::string> names;

  static constexpr auto fields() {
    using O = Options;
    return std::tuple{field("flag", &O::flag, ""),
                      field("count", &O::count, "", domain::at_least_one),
                      field("rate", &O::rate, "", domain::positive),
                      field("colour", &O::colour, "", domain::one_of(kColours)),
                      field("numbers", &O::numbers, "", domain::non_negative),
                      field("sizes", &O::sizes, "", domain::at_least_one),
                      field("names", &O::names, "")};
  }
};

Options read(SpecDocument& document, std::string_view section = "part") {
  Options options;
  document.read(section, options);
  return options;
}

Options read_text(std::string_view text) {
  SpecDocument document = SpecDocument::parse(text, "a.toml");
  return read(document);
}

TEST(SpecDocument, KeysLeftOutKeepTheirDefaults) {
  const Options options = read_text("[part]\ncount = 7\n");
  EXPECT_EQ(options.count, 7);
  EXPECT_EQ(options.rate, 0.5);
  EXPECT_EQ(options.colour, "red");
  EXPECT_EQ(options.numbers, std::vector{1.0});
}

TEST(SpecDocument, ReadsEveryType) {
  const Options options = read_text(
      "[part]\nflag = true\nrate = 2\ncolour = 'green'\nnumbers = [1, 2.5]\nsizes = [4, 5]\n"
      "names = ['a', 'b c']\n");
  EXPECT_TRUE(options.flag);
  EXPECT_EQ(options.rate, 2.0);  // a whole number is a number
  EXPECT_EQ(options.colour, "green");
  EXPECT_EQ(options.numbers, (std::vector{1.0, 2.5}));
  EXPECT_EQ(options.sizes, (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(options.names, (std::vector<std::string>{"a", "b c"}));
}

TEST(SpecDocument, RefusesOtherTypesWithFileLineKeyAndValue) {
  expect_throw<InvalidArgument>([] { read_text("[part]\n\ncount = 1.5"); },
                                {"a.toml:3: part.count = 1.5", "whole number"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nrate = 'x'"); },
                                {"a.toml:2: part.rate = 'x'", "number"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nflag = 1"); }, {"true or false"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nnumbers = 1"); }, {"list of numbers"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nsizes = [1, 'x']"); },
                                {"part.sizes = 'x'", "whole number"});
}

TEST(SpecDocument, RefusesValuesOutsideTheDomain) {
  expect_throw<InvalidArgument>([] { read_text("[part]\ncount = 0"); }, {"part.count = 0", ">= 1"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nrate = nan"); },
                                {"part.rate = nan", "> 0"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nrate = inf"); },
                                {"part.rate = inf", "> 0"});
  expect_throw<InvalidArgument>([] { read_text("[part]\nnumbers = [1, -2]"); },
                                {"part.numbers = -2", ">= 0"});
  expect_throw<InvalidArgument>([] { read_text("[part]\ncolour = 'gren'"); },
                                {"red, green", "did you mean 'green'?"});
}

TEST(SpecDocument, LinesSurviveACloneAndVanishWithAnOverride) {
  SpecDocument document = SpecDocument::parse("[part]\nrate = 'x'", "a.toml");
  SpecDocument copy = document.clone();
  expect_throw<InvalidArgument>([&] { read(copy); }, {"a.toml:2: part.rate"});
  document.set("part.rate=y");
  expect_throw<InvalidArgument>([&] { read(document); }, {"a.toml: part.rate = 'y'"});
}

TEST(SpecDocument, OverridesAreTomlOrElseText) {
  SpecDocument document = SpecDocument::parse("[part]\ncount = 7\n");
  document.set("part.count = 8");
  document.set("part.colour=green");
  document.set("part.names=[\"a=b\"]");
  document.set("part.numbers=[1e-3]");
  const Options options = read(document);
  EXPECT_EQ(options.count, 8);
  EXPECT_EQ(options.colour, "green");
  EXPECT_EQ(options.names, std::vector<std::string>{"a=b"});
  EXPECT_EQ(options.numbers, std::vector{1e-3});
}

TEST(SpecDocument, OverridesMakeSectionsButDoNotRunThroughValues) {
  SpecDocument document = SpecDocument::parse("top = 1\n");
  document.set("part.count=4");
  EXPECT_EQ(read(document).count, 4);
  expect_throw<InvalidArgument>([&] { document.set("top.count=4"); }, {"'top' is a value"});
  expect_throw<InvalidArgument>([&] { document.set("count"); }, {"key=value", "'count'"});
  expect_throw<InvalidArgument>([&] { document.set("=1"); }, {"key=value"});
}

TEST(SpecDocument, NamesEveryUnknownKeyWithTheNearestKnownOne) {
  SpecDocument document = SpecDocument::parse("[part]\ncuont = 1\nzzzzzzzz = 2\n", "a.toml");
  read(document);
  expect_throw<InvalidArgument>([&] { document.refuse_unknown_keys(); },
                                {"a.toml:2: unknown key 'part.cuont' (did you mean 'part.count'?)",
                                 "a.toml:3: unknown key 'part.zzzzzzzz'"});
}

TEST(SpecDocument, KnownKeysAreNotRefused) {
  SpecDocument document = SpecDocument::parse("[part]\ncount = 1\n");
  read(document);
  EXPECT_NO_THROW(document.refuse_unknown_keys());
}

TEST(SpecDocument, BrokenTomlNamesFileLineAndColumn) {
  expect_throw<InvalidArgument>([] { (void)SpecDocument::parse("a = 1\nb = \n", "a.toml"); },
                                {"a.toml:2:5", "not valid TOML"});
  expect_throw<InvalidArgument>([] { (void)SpecDocument::parse("a = 1\na = 2\n", "a.toml"); },
                                {"a.toml:2:"});
}

TEST(SpecDocument, LoadsAFileAndNamesAMissingOne) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.toml";
  expect_throw<InvalidArgument>([&] { (void)SpecDocument::load(path); },
                                {"x.toml", "no such file"});
  write_file(path, "[part]\ncount = 9\n");
  SpecDocument document = SpecDocument::load(path);
  EXPECT_EQ(read(document).count, 9);
}

TEST(SpecDocument, TablesAreTakenOutOnce) {
  SpecDocument document = SpecDocument::parse(
      "[quick]\n\"part.count\" = 2\n[[item]]\ncount = 5\n[[item]]\ncount = 0\n", "a.toml");
  const auto quick = document.take_table("quick");
  ASSERT_TRUE(quick.has_value());
  using Leaves = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(quick->leaves(), (Leaves{{"part.count", "2"}}));
  EXPECT_FALSE(document.take_table("quick").has_value());
  std::vector<SpecDocument> items = document.take_tables("item");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(read(items[0], "").count, 5);
  expect_throw<InvalidArgument>([&] { read(items[1], ""); }, {"a.toml:6: count = 0"});
  EXPECT_TRUE(document.take_tables("item").empty());
  EXPECT_TRUE(document.leaves().empty());
}

TEST(SpecDocument, MergeLaysKeysOverKeys) {
  SpecDocument document = SpecDocument::parse("[part]\ncount = 1\nrate = 1.0\n");
  document.merge(SpecDocument::parse("[part]\ncount = 2\n[other]\nx = 1\n"));
  const Options options = read(document);
  EXPECT_EQ(options.count, 2);
  EXPECT_EQ(options.rate, 1.0);
  EXPECT_TRUE(document.contains("other", "x"));
  EXPECT_FALSE(document.contains("other", "y"));
}

TEST(TomlSection, ReadsBackToTheSameBits) {
  Options options;
  options.flag = true;
  options.rate = 0.1;
  options.colour = "green";
  options.numbers = {1.0 / 3.0, std::numeric_limits<double>::denorm_min(), 1e300, 7.0};
  options.sizes = {std::numeric_limits<std::int64_t>::max()};
  options.names = {"with \"quotes\"", "back\\slash", "λ", "two\nlines"};
  const Options back = read_text(toml_section("part", options));
  EXPECT_EQ(back.flag, options.flag);
  EXPECT_EQ(back.rate, options.rate);
  EXPECT_EQ(back.colour, options.colour);
  EXPECT_EQ(back.numbers, options.numbers);
  EXPECT_EQ(back.sizes, options.sizes);
  EXPECT_EQ(back.names, options.names);
}

struct MaybeAutomatic {
  std::optional<double> step = 0.5;

  static constexpr auto fields() {
    return std::tuple{field("step", &MaybeAutomatic::step, "a step", domain::positive)};
  }
};

TEST(SpecDocument, AnOptionalNumberIsANumberOrAuto) {
  const auto read = [](const std::string& toml) {
    SpecDocument document = SpecDocument::parse(toml, "a.toml");
    MaybeAutomatic options;
    document.read("", options);
    return options;
  };
  EXPECT_EQ(read("").step, 0.5);
  EXPECT_EQ(read("step = 2").step, 2.0);
  EXPECT_EQ(read("step = 'auto'").step, std::nullopt);
  EXPECT_EQ(toml_section("", read("step = 'auto'")), "step = 'auto'\n");
  EXPECT_EQ(toml_section("", read("step = 0.25")), "step = 0.25\n");
  expect_throw<InvalidArgument>([&] { (void)read("step = 'fast'"); }, {"step", "fast", "auto"});
  expect_throw<InvalidArgument>([&] { (void)read("step = -1"); }, {"step", "-1", "> 0"});
}

}  // namespace
}  // namespace twofold::experiment
