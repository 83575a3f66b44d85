// hash.h -- one hash of bytes, for tables, shards and checksums of names.
//
// Keyed state is cut into shards by it and snapshots remember that, so the
// function is versioned: a change of its results is a new version.
//
// Owns     nothing.
// Threads  any.
// Limits   not for secrets: who chooses the bytes can make hashes collide.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_HASH_VERSION = 1 };

uint64_t weir_hash(const void *bytes, size_t size);
