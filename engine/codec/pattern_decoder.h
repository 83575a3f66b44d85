// pattern_decoder.h -- lines into records, by a pattern.
//
// Each line is a record of one cell per field, in the order of the pattern: TEXT,
// or where the pattern says so NUMBER, TRUE or FALSE. A field of a part that the
// line does not have is ABSENT. Numbers are written as JSON writes them: 007 becomes
// 7, behind input_size. Blank lines are passed over; "\r\n" ends a line as well.
//
// Owns     a reference on its pattern.
// Threads  one at a time.
// Errors   as faults: EMATCH (column: how far it got), ETYPE and EOVERFLOW (column:
//          the value), EUTF8.

#pragma once

#include "engine/codec/pattern.h"
#include "engine/data/decoder.h"

weir_decoder *weir_pattern_decoder_new(weir_pattern *pattern);
