// syslog.h -- lines of syslog, in the new form and the old.
//
// A record has what its line has of: facility and severity by name, level (the
// severity's number, 0 to 7), time in milliseconds since 1970, timestamp as written,
// host, app, procid, msgid, data, message. data holds an object for each element of the
// structured data, whose values are texts, or a list of them where a name comes twice.
//
// Blank lines are passed over. The message keeps its blanks; where a frame had
// newlines it has them again (wire/frame.h). Faults: ESYNTAX, EUTF8. Rows are given as
// JSON written behind the input; origins says where they came from.
//
// Owns     its scratch.
// Threads  one at a time.

#pragma once

#include "engine/base/clock.h"
#include "engine/data/decoder.h"

// The clock says which year it is, which the old form does not, and offset_ms how far
// east of UTC the senders' clocks are.
weir_decoder *weir_syslog_decoder_new(weir_clock clock, int64_t offset_ms);
