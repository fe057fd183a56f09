# The commands of the house. Each installs what it misses (tools/packages.txt) and says so.
# CMake presets do the work; nothing here is needed to use them directly.
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
REPORT = twofold-report
DEMO = build/twofold reproduce all --quick --force --out $(REPORT)
SOURCES = $(shell find include src app tests bench -name '*.hpp' -o -name '*.cpp')
INSTALL = @tools/install_packages.sh

.PHONY: help build demo test bench lint format asan tsan clean

help:  ## this list
	@echo "usage: make TARGET [JOBS=$(JOBS)]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

build:  ## the tool, build/twofold
	$(INSTALL) build
	@$(configure_tool)
	@cmake --build build --target twofold_tool -j $(JOBS)
	@echo "built: build/twofold"

demo:  ## the papers' experiments in three minutes, and one HTML report
	$(INSTALL) build data
	@$(MAKE) build
	$(DEMO)
	@echo "report: $(CURDIR)/$(REPORT)/report.html"

test:  ## builds everything, runs every test
	$(INSTALL) build test
	@$(call run_tests,release,build)

bench:  ## speed and quality beside the peers, on the same work, in ten minutes
	$(INSTALL) build bench
	@$(configure_tool)
	@$(call configure,release,build,TWOFOLD_BENCH,ON)
	@cmake --build build --target twofold_bench -j $(JOBS)
	@bench/compare.py --build build

lint:  ## format, layers, clang-tidy
	$(INSTALL) build test lint
	@echo "clang-format: $(words $(SOURCES)) files"
	@clang-format --dry-run -Werror $(SOURCES)
	@python3 tools/check_layers.py
	@$(call configure,release,build,TWOFOLD_TESTS,ON)
	@echo "clang-tidy: src, app"
	@run-clang-tidy -quiet -p build -j $(JOBS) -extra-arg=-Wno-unknown-warning-option \
	  '^$(CURDIR)/(src|app)/.*\.cpp$$' 2>/dev/null

format:  ## rewrites the sources with clang-format
	$(INSTALL) lint
	@clang-format -i $(SOURCES)
	@echo "formatted: $(words $(SOURCES)) files"

asan:  ## the tests under the address and undefined-behaviour sanitizers
	$(INSTALL) build test
	@$(call run_tests,asan,build-asan)

tsan:  ## the unit tests, on portable loops, under the thread sanitizer
	$(INSTALL) build test
	@$(call run_tests,tsan,build-tsan)

clean:  ## removes what the targets above made
	rm -rf build build-* $(REPORT)

# configure(preset, folder, option, value): unless that is how the folder stands already.
# Afterwards ninja configures again by itself when a CMake file changes.
define configure
if [ ! -f $(2)/build.ninja ] || ! grep -q '^$(3):BOOL=$(4)$$' $(2)/CMakeCache.txt; then \
  echo "configure: preset $(1), $(3)=$(4)"; \
  cmake --preset $(1) -D$(3)=$(4) --log-level=WARNING >/dev/null; \
fi
endef

# The tool alone does not need the test packages; an existing folder serves as it is.
define configure_tool
if [ ! -f build/build.ninja ]; then $(call configure,release,build,TWOFOLD_TESTS,OFF); fi
endef

# run_tests(preset, folder): builds everything, then ctest, whose summary ends the output.
define run_tests
$(call configure,$(1),$(2),TWOFOLD_TESTS,ON) && \
cmake --build $(2) -j $(JOBS) && \
ctest --preset $(1) -j $(JOBS) --no-label-summary
endef
