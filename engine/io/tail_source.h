// tail_source.h -- files that grow, as a source of records that does not end.
//
// In a batch, `partition` is the number of a path, and position and record_first count
// within the file that was found there; the number of a record is known of a file that
// was read from its beginning.
//
// Owns     its decoder, its files and the lock on its positions.
// Threads  as source.h.
// Errors   what is wrong with the state sets the message at once, and next answers the
//          code. What is wrong with a file is counted, and it is tried again.

#pragma once

#include "engine/data/source.h"
#include "engine/io/tail.h"

// Its counters are those of weir_roster_counter.
int weir_tail_source_new(weir_source **out, const weir_tail_options *options);
