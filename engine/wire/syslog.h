// syslog.h -- a message of syslog, in the new form (RFC 5424) or the old (RFC 3164).
//
// The old form was written down after the fact, and senders take liberties: of a line
// without a priority, as in files, the timestamp says that it is one; of one without a
// timestamp the priority does. A timestamp may be that of RFC 3339, or have a year.
// Where no host can be, none is made up. The new form is read as it is written.
//
// Owns     nothing; what is found points into the line.
// Threads  any.
// Errors   ESYNTAX, and where.
// Limits   as below; nothing else grows with the line.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"

enum {
  WEIR_SYSLOG_ELEMENTS = 64,  // of structured data
  WEIR_SYSLOG_PARAMS = 128,   // in one of them
};

typedef struct weir_syslog {
  int32_t priority;  // facility * 8 + severity; -1: not said
  uint32_t version;  // 0: the old form
  int64_t time_ms;   // since 1970 in UTC
  uint32_t has_time;
  uint32_t unused;
  weir_slice timestamp;  // as written. Each is empty if it is not there
  weir_slice host;
  weir_slice app;
  weir_slice procid;
  weir_slice msgid;
  weir_slice data;  // structured; weir_syslog_next reads it
  weir_slice message;
} weir_syslog;

// What a timestamp of the old form leaves out. Its year is the last one that puts it no
// more than a month after now.
typedef struct weir_syslog_here {
  int64_t now_ms;
  int64_t offset_ms;  // of its zone from UTC; east is positive
} weir_syslog_here;

// at: the byte where it went wrong.
int weir_syslog_parse(weir_slice line, const weir_syslog_here *here, weir_syslog *out,
                      size_t *at);

typedef struct weir_syslog_param {
  weir_slice element;
  weir_slice name;   // empty: the element has no parameters
  weir_slice value;  // \" \\ and \] stand for what is behind the backslash
} weir_syslog_param;

// The next one of data that parse has found, from *at on, which begins with 0; 0 at the
// end. What was found last stays in *out between two calls. No two elements have one
// name.
int weir_syslog_next(weir_slice data, size_t *at, weir_syslog_param *out);

// "auth", "crit"; by number.
const char *weir_syslog_facility(int32_t priority);
const char *weir_syslog_severity(int32_t priority);
