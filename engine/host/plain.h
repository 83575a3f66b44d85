// plain.h -- plain Lua tables as JSON and back, each in one call.
//
// What lambdas return are mostly small tables of texts and numbers. A walk over a
// table's keys leaves a compiled trace for each key (next.h); this leaves it once.
//
//     local plain = require("weir.plain")
//     plain.put(address, value, other) -> true, or false: not written
//
// `address` is that of a weir_buf, as a number. `other(value)` appends what is not
// plain, and says whether it could. False is also said of what is odd: lua/weir/
// native/encode.lua writes that, or knows what is wrong with it. Both write the same
// bytes.
//
//     plain.take(address, value, null, integer, list) -> what the weir_buf holds as
//     JSON
//
// `null` stands for null; `list` is the metatable of lists; `integer()` gives the Lua
// value of an integer beyond 2^53, which stands in the weir_value at the address
// `value`. Nothing is said of what is not JSON: lua/weir/native/record.lua finds out
// what is wrong with it.
//
// Owns     nothing. After false the buffer has rubbish behind its former size.
// Threads  the state's.
// Limits   WEIR_PLAIN_DEPTH_MAX, WEIR_PLAIN_KEYS_MAX of one table: false beyond.

#pragma once

struct lua_State;

enum { WEIR_PLAIN_DEPTH_MAX = 16, WEIR_PLAIN_KEYS_MAX = 64 };

int weir_plain_open(struct lua_State *state);  // a lua_CFunction
