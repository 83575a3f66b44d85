// utf8.h -- the kernels behind weir_utf8_check, which is in json.h, and the scan.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_UTF8_BLOCK = 64 };

// What some blocks hand to the next ones; zero before the first.
typedef struct weir_utf8_run {
  char last[32];
  uint32_t open;  // not 0: the last block is not all ASCII
} weir_utf8_run;

// Whether these blocks may follow the ones before; a sequence that the next ones have
// to end is not wrong. What is named avx2 is only for CPUs that have it.
int weir_utf8_goes_on_avx2(weir_utf8_run *run, const char *bytes, size_t block_count);

// Whether blocks have no bytes but ASCII, on any CPU.
int weir_utf8_is_ascii(const char *bytes, size_t block_count);

// Whether all of it is UTF-8; says not where it is wrong.
int weir_utf8_holds_avx2(const char *bytes, size_t size);
int weir_utf8_has_avx2(void);
