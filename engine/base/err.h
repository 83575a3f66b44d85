// err.h -- the one vocabulary for "it did not work".
//
// Every fallible function returns int: 0 for done, negative for a reason.
// Reasons of the system pass through unchanged (negative errno values, above
// -4096); ours start below that, so one int carries both.
//
// Owns     nothing; the strings returned are static.
// Threads  any.

#pragma once

enum weir_err {
  WEIR_OK = 0,
  WEIR_EFULL = -5001,     // flow control: no room now, try after a pop
  WEIR_EEMPTY = -5002,    // flow control: nothing there now, try after a push
  WEIR_EINVAL = -5003,    // the caller passed a value the header forbids
  WEIR_ENOMEM = -5004,    // a sized allocation did not fit
  WEIR_EEND = -5005,      // the input has ended
  WEIR_ESTOPPED = -5006,  // given up because the engine is stopping
  WEIR_ESTALE = -5007,    // a record was used after the call that received it
  // What is wrong with a record, or with bytes that should be one.
  WEIR_ESYNTAX = -5008,     // not the format that the codec reads
  WEIR_EQUOTE = -5009,      // a quote is not closed
  WEIR_EBRACKET = -5010,    // brackets are not balanced
  WEIR_EDEPTH = -5011,      // nested deeper than the limit
  WEIR_EOBJECT = -5012,     // a record must be an object
  WEIR_EUTF8 = -5013,       // not valid UTF-8
  WEIR_ERECORD = -5014,     // longer than max_record
  WEIR_ECOLUMNS = -5015,    // a row has more or fewer columns than the header
  WEIR_EMATCH = -5016,      // the pattern does not match
  WEIR_ETYPE = -5017,       // a value is not of the type asked for
  WEIR_ENUMBER = -5018,     // not a number
  WEIR_ETRUNCATED = -5019,  // the input ends in the middle
  WEIR_ECORRUPT = -5020,    // a checksum or a magic number is wrong
  WEIR_ELAMBDA = -5021,     // the script raised an error
  WEIR_EFUEL = -5022,       // the script ran longer than its fuel allows
  WEIR_EMEMORY = -5023,     // the script used more memory than its limit
  WEIR_ESINK = -5024,       // the sink refused the row
  WEIR_EOVERFLOW = -5025,   // an exact integer does not fit 64 bits
  WEIR_EFROZEN = -5026,     // a record was changed where that is not allowed
  WEIR_EERRORS = -5027,     // more records failed than max_errors allows
  WEIR_EANSWER = -5028,     // the program gave no answer to the record
  WEIR_ENAME = -5029,       // the name of a host has no address
  WEIR_ERR_END = -5030,     // one past the last code; keep it last
};

// Short stable name, such as "EFULL". Never NULL: unknown codes give "EUNKNOWN",
// negative errno values give theirs ("ENOENT").
const char *weir_err_name(int code);

// One sentence for an operator, without the name. Never NULL.
const char *weir_err_text(int code);

// Whether it may pass without anybody touching us: no room on a disk, a lock that
// others hold, no descriptor left. A device that fails (EIO) does not: what it has lost
// would not be noticed.
int weir_err_passes(int code);
