--- What the process of a run holds and takes.
--
--     process.memory()     --> { used, peak, limit, resident }, in bytes

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/mem.h")

ffi.cdef("long sysconf(int name);")

local M = {}

local PAGE_SIZE = 30 -- _SC_PAGESIZE

local function resident_bytes()
  local file = io.open("/proc/self/statm")
  local pages = file and file:read("*a"):match("^%d+ (%d+)")
  if file then
    file:close()
  end
  return pages and tonumber(pages) * tonumber(ffi.C.sysconf(PAGE_SIZE)) or 0
end

--- What the engine and its Lua states hold, held at most and may hold (0: any number), and
-- what the process has in memory.
function M.memory()
  return {
    used = tonumber(C.weir_mem_used()),
    peak = tonumber(C.weir_mem_peak()),
    limit = tonumber(C.weir_mem_limit()),
    resident = resident_bytes(),
  }
end

return M
