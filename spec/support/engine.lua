--- Engine library and header loader for specs that test C through the FFI.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local M = {}

--- Declares headers and returns the namespace to call.
---@param ... string  header paths from the repository root
function M.load(...)
  for _, path in ipairs({ ... }) do
    cdef.load(path)
  end
  return ffi.load("./" .. (os.getenv("BUILD") or "build") .. "/libweir.so")
end

return M
