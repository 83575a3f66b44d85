// utf8.h -- the kernels behind weir_utf8_check, which is in json.h.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>

// Whether all of it is UTF-8; says not where it is wrong. Only where the CPU has it.
int weir_utf8_holds_avx2(const char *bytes, size_t size);
int weir_utf8_has_avx2(void);
