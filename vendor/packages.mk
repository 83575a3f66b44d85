# packages.mk -- the one place that knows which packages weir stands on.
#
# Debian names, which scripts/setup reads from here; static archives for the
# binary, shared libraries for the engine that specs load. Nothing is copied in.

PACKAGES_BUILD := gcc libc6-dev make libuv1-dev libluajit-5.1-dev luajit \
  lua-lpeg lua-lpeg-dev libsqlite3-dev zlib1g-dev libzstd-dev libcurl4-gnutls-dev libcurl4 \
  libssl-dev
PACKAGES_CHECK := lua-busted lua-cjson lua-check sqlite3 zstd time clang libclang-rt-dev \
  clang-format clang-tidy openssl curl
# Whom weir is measured beside, and what they are built of.
PACKAGES_BENCH := g++ libsimdjson-dev lua-cjson lua-lpeg jq miller gawk mawk
# What syslog-ng and rsyslog are linked with, who are unpacked beside the machine's logger.
PACKAGES_FLOW := libestr0 libfastjson4 liblognorm5 libivykis0 libnet1 libwrap0 libcap2 \
  libglib2.0-0 libjson-c5 libpcre3 libssl3 libsystemd0 libuuid1

MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
LIBDIR    := /usr/lib/$(MULTIARCH)

VENDOR_CFLAGS := -isystem /usr/include/luajit-2.1
VENDOR_STATIC := $(LIBDIR)/libluajit-5.1.a $(LIBDIR)/liblua5.1-lpeg.a \
  $(LIBDIR)/libuv_a.a $(LIBDIR)/libsqlite3.a $(LIBDIR)/libz.a $(LIBDIR)/libzstd.a \
  -lm -ldl -lpthread
# LuaJIT itself is not here: a spec runs inside luajit, which exports its API.
# All of them, needed yet or not, as `weir version` asks them all.
VENDOR_SHARED := -Wl,--no-as-needed -luv -lsqlite3 -lz -lzstd -lm -ldl -lpthread
# A native test program is its own main and so needs it; and shows itself to the FFI.
VENDOR_NATIVE := -rdynamic $(VENDOR_SHARED) -lluajit-5.1

# What `weir version` asks the libraries; an archive's member is only linked when
# somebody wants it.
VENDOR_KEEP := uv_version_string sqlite3_libversion zlibVersion ZSTD_versionString

# The names of the opcodes belong to LuaJIT.
LUAJIT_SHARE := $(firstword $(wildcard /usr/share/luajit-2.1*))
