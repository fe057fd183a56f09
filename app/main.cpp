// twofold: the command line. One file per subcommand; this one parses and maps errors.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/core/processor.hpp"
#include "twofold/core/version.hpp"

namespace twofold::app {
namespace {

constexpr const char* kExample = R"(Examples:
  twofold run experiments/mean_field/phases/spec.toml     train, predict, compare, report
  twofold predict my.toml --json                          theory alone, no training
  twofold reproduce mean_field --quick                    every experiment, a verdict per claim
)";

// One line: what is wrong, and whose --help says more.
std::string parse_complaint(const CLI::App* app, const CLI::Error& error) {
  std::string text = error.what(), help = "twofold";
  for (auto chosen = app->get_subcommands(); !chosen.empty(); chosen = app->get_subcommands()) {
    app = chosen.front();
    help += " " + app->get_name();
  }
  std::vector<std::string_view> names;
  for (const CLI::App* sub : app->get_subcommands({})) names.push_back(sub->get_name());
  if (!names.empty()) {
    const std::vector<std::string> rest = app->remaining();
    const std::string near = rest.empty() ? "" : nearest_name(rest.front(), names);
    text = fmt::format("{}name a subcommand: {}{}",
                       rest.empty() ? "" : fmt::format("'{}' is none; ", rest.front()),
                       fmt::join(names, ", "),
                       near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near));
  }
  return fmt::format("twofold: not usable: {}; see {} --help\n", text, help);
}

int complain(int code, const char* kind, const std::exception& error) {
  fmt::print(stderr, "twofold: {}: {}\n", kind, error.what());
  return code;
}

// What was printed may still wait in a buffer; a full disk shows only now.
void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw OutputError("app::main", "cannot write to standard output");
  }
}

int perform(const Action& action) {
  try {
    (void)usable_instructions();  // before the work: refuses a wrong environment variable
    const int code = action();
    flush_output();
    return code;
  } catch (const InvalidArgument& e) {
    return complain(kUsage, "not usable", e);
  } catch (const DataError& e) {
    return complain(kBadData, "bad data", e);
  } catch (const OutputError& e) {
    return complain(kBadData, "cannot write", e);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr,
               "twofold: out of memory: this needs more than the process may have; ask for less "
               "(rows, neurons, atoms, batch), or give it more\n");
    return kBadData;
  } catch (const std::system_error& e) {  // a path that cannot even be looked at
    return complain(kBadData, "cannot read or write", e);
  }
}

int run(int argc, char** argv) {
  CLI::App app{std::string(kExample) +
               "\nTwo-layer autoencoders: trained, and predicted without training; both side by "
               "side with a verdict."};
  app.name("twofold");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  app.failure_message(parse_complaint);

  CommonOptions options;
  Action action;
  add_run(app, options, action);
  add_predict(app, options, action);
  add_reproduce(app, options, action);
  add_codec(app, options, action);
  add_learn(app, options, action);
  add_transform(app, options, action);
  add_advise(app, options, action);
  add_report(app, options, action);
  add_list(app, options, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kOk : kUsage;
  }
  return perform(action);
}

}  // namespace
}  // namespace twofold::app

int main(int argc, char** argv) {
  return twofold::app::run(argc, argv);
}
