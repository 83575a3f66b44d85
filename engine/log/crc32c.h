// crc32c.h -- the checksum of everything that the log writes: CRC-32C.
//
// Finds every burst of up to 32 bits, and one wrong piece of data in four thousand
// million of any other kind. CPUs have an instruction for it.
//
// Owns     nothing.
// Threads  any.
// Source   Castagnoli, Braeuer, Herrmann, IEEE Transactions on Communications 41
//          (1993); bits and byte order as in RFC 3720, appendix B.4.

#pragma once

#include <stddef.h>
#include <stdint.h>

// The checksum of what had `crc` with size bytes behind it; of nothing it is 0.
uint32_t weir_crc32c(uint32_t crc, const void *bytes, size_t size);

// The same by table, and by the instruction, which a CPU may lack.
uint32_t weir_crc32c_table(uint32_t crc, const void *bytes, size_t size);
uint32_t weir_crc32c_sse42(uint32_t crc, const void *bytes, size_t size);
int weir_crc32c_has_sse42(void);
