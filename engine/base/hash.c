// hash.c -- one hash of bytes: multiply, fold, eight bytes a round.
//
// The round is the 64x64 to 128 bit multiply whose halves are folded together,
// as in wyhash (Wang Yi, 2019); short keys are two overlapping loads.

#include "engine/base/hash.h"

#include <string.h>

static const uint64_t seed_a = 0x9E3779B97F4A7C15u;
static const uint64_t seed_b = 0xE7037ED1A0B428DBu;

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const unsigned char *bytes, size_t size)
{
  uint64_t word = 0;
  if (size > 0)  // an empty text may be NULL, which memcpy may not
    memcpy(&word, bytes, size);
  return word;
}

uint64_t weir_hash(const void *bytes, size_t size)
{
  const unsigned char *at = bytes;
  uint64_t hash = size ^ seed_a;
  size_t left = size;
  for (; left > 8; left -= 8, at += 8)
    hash = fold(hash ^ load(at, 8), seed_b);
  return fold(fold(hash ^ load(at, left), seed_b), seed_a);
}
