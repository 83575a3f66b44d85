--- The limits of a process, for specs that run into one.

local ffi = require("ffi")

ffi.cdef([[
struct spec_rlimit { unsigned long soft, hard; };
int getrlimit(int resource, struct spec_rlimit *limit);
int setrlimit(int resource, const struct spec_rlimit *limit);
]])

return { FSIZE = 1 }
