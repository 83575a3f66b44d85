--- `weir version`: weir, the libraries it stands on, and the kernel for this CPU.

local cdef = require("weir.cdef")
local exit = require("weir.cli.exit")
local ffi = require("ffi")
local layout = require("weir.cli.table")

local M = {}

M.VERSION = "0.1.0"

ffi.cdef([[
const char *uv_version_string(void);
const char *sqlite3_libversion(void);
const char *zlibVersion(void);
const char *ZSTD_versionString(void);
]])

function M.run(_, world)
  local C = cdef.load("engine/data/json.h")
  local rows = {
    { "LuaJIT", (jit.version:gsub("^LuaJIT ", "")) },
    { "LPeg", require("lpeg").version() },
    { "libuv", ffi.string(C.uv_version_string()) },
    { "SQLite", ffi.string(C.sqlite3_libversion()) },
    { "zlib", ffi.string(C.zlibVersion()) },
    { "zstd", ffi.string(C.ZSTD_versionString()) },
    { "scanner", ffi.string(C.weir_json_kernel_name()) },
  }
  local columns = { { title = "weir" }, { title = M.VERSION } }
  world.out(table.concat(layout.lines(columns, rows, math.huge), "\n") .. "\n")
  return exit.OK
end

return M
