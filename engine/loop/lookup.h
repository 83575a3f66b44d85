// lookup.h -- what looking up a name needs, for those of this room who do.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include "engine/loop/address.h"

struct addrinfo;

void weir_lookup_hints(struct addrinfo *hints, enum weir_transport transport,
                       int passive);
void weir_lookup_take(weir_addresses *out, enum weir_transport transport,
                      const struct addrinfo *found);
