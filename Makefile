# Makefile -- build, check and measure. `make help` lists the targets.
#
# Say V=1 to see whole commands. Everything built goes under build/. A build with
# other flags is this Makefile called again with another BUILD: see asan, fuzz.

ifeq ($(origin CC),default)
  CC := gcc
endif
CFLAGS  ?= -O2 -g
WERROR  ?= -Werror
BUILD   ?= build
PREFIX  ?= /usr/local
FUZZ_SECONDS ?= 60
SPEC    ?=
export BUILD

include vendor/packages.mk

STD     := -std=c11 -D_GNU_SOURCE
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wvla \
           -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings $(WERROR)
COMPILE  = $(CC) $(STD) $(WARN) $(CFLAGS) $(VENDOR_CFLAGS) -I. -fPIC -fno-semantic-interposition
LINK     = $(CC) $(CFLAGS) $(LDFLAGS)

# A file is in the build because it exists; there is no list to forget.
SRC     := $(sort $(wildcard engine/*/*.c))
HDR     := $(sort $(wildcard engine/*/*.h))
NATIVE  := $(sort $(wildcard spec/native/*.c))
FUZZ    := $(sort $(wildcard spec/fuzz/*.c))
BENCH_C := $(sort $(wildcard scripts/bench/*.c scripts/bench/flow/*.c))
PATHS   := $(sort $(wildcard spec/paths/*.[ch]))
C_FILES := $(SRC) engine/main.c $(NATIVE) $(FUZZ) $(BENCH_C) $(PATHS)
# What the binary carries. The headers are declared to the FFI as it starts.
CARRIED := $(sort $(shell find lua/weir scripts/packs -type f ! -name README.md \
             2>/dev/null)) $(HDR) $(LUAJIT_SHARE)/jit/vmdef.lua

OBJ     := $(SRC:%.c=$(BUILD)/%.o)
LIB     := $(BUILD)/libweir.so
BIN     := $(BUILD)/weir
STRESS  := $(NATIVE:spec/native/%.c=$(BUILD)/native/%)
FUZZERS := $(FUZZ:spec/fuzz/%.c=$(BUILD)/fuzzer/%)
TIDY    := $(patsubst %.c,$(BUILD)/tidy/%.ok,$(SRC) engine/main.c)

ifeq ($(V),1)
  Q :=
else
  Q := @
endif
say      = @printf '  %-6s%s\n' $(1) $(2)
mkdir    = @mkdir -p $(@D)
# Rewrites the target only when the text is a new one, so that a changed list of
# files or flags rebuilds what hangs on it and an unchanged one does nothing.
remember = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || \
             printf '%s\n' '$(1)' >$@

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(BIN) $(LIB)  ## build the binary, and the engine that specs load

$(BIN): $(BUILD)/engine/main.o $(OBJ) $(BUILD)/carried.o $(BUILD)/links.list \
        vendor/exports.list
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(VENDOR_KEEP:%=-Wl,-u,%) -Wl,--gc-sections \
	  -Wl,--dynamic-list=vendor/exports.list $(VENDOR_STATIC)

$(LIB): $(OBJ) $(BUILD)/nothing.o $(BUILD)/links.list
	$(call say,LINK,$@)
	$(Q)$(LINK) -shared -o $@ $(filter %.o,$^) $(VENDOR_SHARED)

$(BUILD)/%.o: %.c $(BUILD)/flags.list
	$(call say,CC,$<)
	$(mkdir)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: $(BUILD)/%.c $(BUILD)/flags.list
	$(call say,CC,$<)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/engine $(BUILD)/native $(BUILD)/fuzzer -name '*.d' \
           2>/dev/null)

$(BUILD)/carried.c: $(CARRIED) $(BUILD)/carried.list scripts/dev/embed.lua
	$(call say,EMBED,$@)
	$(Q)luajit scripts/dev/embed.lua $@ $(CARRIED)

# Specs find the files of the tree in the tree.
$(BUILD)/nothing.c: scripts/dev/embed.lua
	$(mkdir)
	$(Q)luajit scripts/dev/embed.lua $@

$(BUILD)/links.list: FORCE
	$(call remember,$(OBJ) $(LINK) $(VENDOR_STATIC) $(VENDOR_NATIVE))
$(BUILD)/carried.list: FORCE
	$(call remember,$(CARRIED))
$(BUILD)/flags.list: FORCE
	$(call remember,$(COMPILE))
.PHONY: FORCE
FORCE:

## checks

.PHONY: check
check:  ## set up, build and pass everything that a commit must pass
	@scripts/setup check
	@scripts/dev/check $(MAKE)

.PHONY: spec
spec: $(LIB) $(BIN)  ## run the specs, or those named in SPEC=
	$(Q)luajit /usr/bin/busted --ignore-lua $(SPEC)

# Folder by folder, the slowest first: with -j they go side by side.
SPECS := $(sort $(shell find spec -name '*_spec.lua' | cut -d/ -f2))
SPECS := lua engine $(filter-out lua engine,$(SPECS))

.PHONY: specs $(SPECS:%=spec-%)
specs: $(SPECS:%=spec-%)  ## run all specs, with -j several at a time
$(SPECS:%=spec-%): spec-%: $(LIB) $(BIN)
	$(Q)scripts/dev/step $@ luajit /usr/bin/busted --ignore-lua spec/$*

.PHONY: lint
lint: lint-layers lint-format lint-tidy lint-lua  ## layers, format, static checks

.PHONY: lint-layers lint-format lint-tidy lint-lua
lint-layers:
	$(call say,LINT,'layers')
	$(Q)luajit scripts/dev/layers.lua
lint-format:
	$(call say,LINT,'format')
	$(Q)clang-format --dry-run -Werror $(C_FILES) $(HDR)
lint-tidy: $(TIDY)
lint-lua:
	$(call say,LINT,'lua')
	$(Q)luacheck -q --no-color $(wildcard lua spec scripts examples)

# The object stands for the source and every header that it includes.
$(BUILD)/tidy/%.ok: $(BUILD)/%.o .clang-tidy
	$(call say,TIDY,$*.c)
	$(mkdir)
	$(Q)clang-tidy --quiet $*.c -- $(STD) $(VENDOR_CFLAGS) -I. 2>$@.log || \
	  { cat $@.log; exit 1; }
	@touch $@

.PHONY: native
native: $(STRESS)
	$(Q)for program in $^; do scripts/dev/step $$(basename $$program) $$program || exit 1; done

$(BUILD)/native/%: spec/native/%.c $(OBJ) $(BUILD)/nothing.o $(BUILD)/links.list
	$(call say,LINK,$@)
	$(mkdir)
	$(Q)$(COMPILE) -MMD -MP -MT $@ -MF $@.d -o $@ $< $(filter %.o,$^) $(LDFLAGS) \
	  $(VENDOR_NATIVE)

SANITISED := $(MAKE) --no-print-directory WERROR=

.PHONY: threads
threads:  ## run the native programs under ThreadSanitizer
	$(Q)+$(SANITISED) BUILD=build/tsan CFLAGS='-O1 -g -fsanitize=thread' native

.PHONY: paths mutants
paths: $(OBJ)  ## explore every way in which threads can meet in the ring and a flow
	$(Q)scripts/dev/paths
mutants: $(OBJ)  ## see that it finds the bugs that are put in
	$(Q)scripts/dev/paths mutants

.PHONY: faults
faults: $(BIN)  ## see what a run does when the world fails it; FAULTS="drain peers"
	$(Q)scripts/dev/faults/run $(FAULTS)

# In specs a foreign LuaJIT holds our memory, where the leak checker cannot look; in
# programs of our own it can.
.PHONY: asan
asan:  ## run the specs and the native programs under AddressSanitizer and UBSan
	$(Q)+$(SANITISED) BUILD=build/asan \
	  CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined' \
	  all native
	$(Q)BUILD=build/asan ASAN_OPTIONS=detect_leaks=0 \
	  LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	  luajit /usr/bin/busted --ignore-lua $(SPEC)

# The sanitizer wants its shadow where a heap of many random bits may lie; a
# container may forbid setarch, and then has few bits as a rule.
STILL := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.PHONY: tsan
tsan: threads  ## run the native programs and the specs under ThreadSanitizer
	$(Q)+$(SANITISED) BUILD=build/tsan CFLAGS='-O1 -g -fsanitize=thread' all
	$(Q)BUILD=build/tsan TSAN_OPTIONS="die_after_fork=0 suppressions=$(CURDIR)/spec/support/tsan" \
	  LD_PRELOAD="$$($(CC) -print-file-name=libtsan.so)" \
	  $(STILL) luajit /usr/bin/busted --ignore-lua $(SPEC)

.PHONY: fuzz
fuzz:  ## fuzz each of spec/fuzz for FUZZ_SECONDS (60)
	$(Q)+$(SANITISED) BUILD=build/fuzz CC=clang FUZZ_SECONDS=$(FUZZ_SECONDS) \
	  CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
	  fuzzers-run

.PHONY: fuzzers-run
fuzzers-run: $(FUZZERS:$(BUILD)/fuzzer/%=fuzz-%)

# A run is short: what it frees need not be kept for long. Where that was taken is told
# when what is found is run by itself.
.PHONY: $(FUZZERS:$(BUILD)/fuzzer/%=fuzz-%)
$(FUZZERS:$(BUILD)/fuzzer/%=fuzz-%): fuzz-%: $(BUILD)/fuzzer/%
	$(Q)mkdir -p $(BUILD)/corpus/$*
	$(Q)ASAN_OPTIONS="quarantine_size_mb=8:malloc_context_size=0:$$ASAN_OPTIONS" \
	  scripts/dev/step $@ $< -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 \
	  -verbosity=0 -artifact_prefix=$(BUILD)/corpus/$*- $(BUILD)/corpus/$* \
	  $(wildcard spec/fuzz/seeds/$*)

$(BUILD)/fuzzer/%: spec/fuzz/%.c $(OBJ) $(BUILD)/nothing.o $(BUILD)/links.list
	$(call say,LINK,$@)
	$(mkdir)
	$(Q)$(COMPILE) -MMD -MP -MT $@ -MF $@.d -fsanitize=fuzzer -o $@ $< $(filter %.o,$^) \
	  $(LDFLAGS) $(VENDOR_NATIVE)

## measure

BENCH := $(addprefix $(BUILD)/bench/,generate measure floor simdjson)

.PHONY: bench
bench:  ## measure weir beside others; TASKS="T2 T4" RECORDS=200000 BENCH_RUNS=3
	@scripts/setup bench
	$(Q)+$(MAKE) --silent --no-print-directory all $(BENCH)
	$(Q)luajit scripts/bench/run.lua

FLOW := $(addprefix $(BUILD)/bench/,flow/load flow/log-speed flow/classes generate measure)

.PHONY: bench-flow
bench-flow:  ## measure what flows beside others; TASKS="latency tail" BENCH_RUNS=3
	@scripts/setup flow
	$(Q)+$(MAKE) --silent --no-print-directory all $(FLOW)
	$(Q)luajit scripts/bench/flow.lua

# Those that measure the engine's own parts.
$(BUILD)/bench/floor $(BUILD)/bench/flow/log-speed: $(BUILD)/bench/%: scripts/bench/%.c $(OBJ) \
        $(BUILD)/nothing.o $(BUILD)/links.list
	$(call say,LINK,$@)
	$(mkdir)
	$(Q)$(COMPILE) -o $@ $< $(filter %.o,$^) $(LDFLAGS) $(VENDOR_NATIVE)

$(BUILD)/bench/flow/load $(BUILD)/bench/flow/classes: scripts/bench/flow/subject.h

$(BUILD)/bench/%: scripts/bench/%.c $(BUILD)/flags.list
	$(call say,LINK,$@)
	$(mkdir)
	$(Q)$(COMPILE) -o $@ $< $(LDFLAGS) -lpthread

# On-Demand has no choice at run time: it is as fast as the flags allow.
$(BUILD)/bench/%: scripts/bench/rivals/%.cpp
	$(call say,LINK,$@)
	$(mkdir)
	$(Q)$(CXX) -std=c++17 -O3 -march=native -Wall -Wextra -o $@ $< -lsimdjson

## use

.PHONY: demo
demo:  ## set up, build, and see real logs flow through a pipeline
	@scripts/setup build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@scripts/demo/run $(BIN)

.PHONY: install
install: $(BIN)  ## install the binary and its completions under PREFIX
	install -D -m 755 -s $(BIN) $(DESTDIR)$(PREFIX)/bin/weir
	$(BIN) completion bash | install -D -m 644 /dev/stdin \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/weir
	$(BIN) completion zsh | install -D -m 644 /dev/stdin \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_weir
	$(BIN) completion fish | install -D -m 644 /dev/stdin \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/weir.fish

.PHONY: clean
clean:  ## remove everything built
	$(Q)rm -rf build

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' Makefile
