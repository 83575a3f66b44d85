// class.h -- a class of characters, and where a text enters or leaves it.
//
// What spans of a pattern spend their time on, so it looks at 32 bytes at once where
// the CPU can. A class says of each ASCII character whether it is one; of the others
// it has all or none. Bytes inside a character are neither in nor out.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stdint.h>

typedef struct weir_class {
  uint8_t has[256];  // exactly these bytes
  uint8_t rows[16];  // by the low half of an ASCII byte, a bit for each high half
  uint32_t high;     // all ones: it has a byte beyond ASCII, which stands for all
} weir_class;

weir_class weir_class_of(const uint8_t has[256]);

// The offset of the first character that is in the class, or that is not, or size.
// Reads up to WEIR_BUF_PAD bytes past the end.
uint32_t weir_class_seek(const weir_class *class, int in, const char *bytes,
                         uint32_t size);

// The same, one by one and in AVX2, which a CPU may lack.
uint32_t weir_class_seek_scalar(const weir_class *class, int in, const char *bytes,
                                uint32_t size);
uint32_t weir_class_seek_avx2(const weir_class *class, int in, const char *bytes,
                              uint32_t size);
int weir_class_has_avx2(void);
