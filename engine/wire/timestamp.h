// timestamp.h -- times as texts, as protocols write them.
//
// Owns     nothing.
// Threads  any.
// Errors   0 bytes: there is no such time. It may go on behind what was read.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"

// RFC 3339, "2003-10-11T22:14:15.003Z", up to nine digits of a second, of which three
// count. How many bytes of the text it is.
size_t weir_timestamp_read(weir_slice text, int64_t *ms);

// RFC 3164, "Oct 11 22:14:15", of a zone so far east of UTC; "Oct 11 2003 22:14:15" and
// a fraction are known too. Without a year it is the last one that puts it no more than
// 31 days after now.
size_t weir_timestamp_read_bsd(weir_slice text, int64_t now_ms, int64_t offset_ms,
                               int64_t *ms);
