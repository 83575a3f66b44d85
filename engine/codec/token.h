// token.h -- how long is the number, the address, the quoted text that starts here?
//
// Each gives the size of the longest text of its kind at the front of the bytes, or
// 0 if there is none. All may read up to WEIR_BUF_PAD bytes past size.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stdint.h>

uint32_t weir_token_integer(const char *bytes, uint32_t size);  // -12
uint32_t weir_token_number(const char *bytes, uint32_t size);   // -12.5e3, .5

// IPv4 is four numbers up to 255. IPv6 (RFC 4291, 2.2) is what of the run of hex
// digits, colons and dots is an address, but for colons and dots at its end.
uint32_t weir_token_address(const char *bytes, uint32_t size, int ipv4, int ipv6);

// A text in double quotes, with them; a backslash takes the next byte along.
uint32_t weir_token_quoted(const char *bytes, uint32_t size);
