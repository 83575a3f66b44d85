# Makefile -- build, check and measure. `make help` lists the targets.
#
# Say V=1 to see whole commands. Everything built goes under build/.

CC      ?= gcc
CFLAGS  ?= -O2 -g
BUILD   ?= build

include vendor/packages.mk

STD     := -std=c11 -D_GNU_SOURCE
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wvla \
           -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Werror

# A file is in the build because it exists; there is no list to forget.
SRC     := $(sort $(wildcard engine/*/*.c))
HDR     := $(sort $(wildcard engine/*/*.h))
OBJ     := $(SRC:%.c=$(BUILD)/%.o)
LIB     := $(BUILD)/libweir.so

ifeq ($(V),1)
  Q :=
else
  Q := @
endif

.PHONY: all
all: $(LIB)  ## build the engine

$(LIB): $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -shared -o $@ $^ $(VENDOR_SHARED)

$(BUILD)/%.o: %.c Makefile vendor/packages.mk
	@echo "  CC    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) $(VENDOR_CFLAGS) -I. -fPIC -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

.PHONY: spec
spec: all  ## run the specs
	$(Q)luajit /usr/bin/busted

.PHONY: clean
clean:  ## remove everything built
	$(Q)rm -rf $(BUILD)
