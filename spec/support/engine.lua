--- Engine headers for specs that test C through the FFI.

local cdef = require("weir.cdef")

require("spec.support.setup")

local M = {}

--- Declares headers and returns the namespace to call.
---@param ... string  header paths from the repository root
function M.load(...)
  return cdef.load(...)
end

--- Bytes that the engine holds, without what is only held by garbage of this state, of
-- whatever spec that is: two of these can be compared.
function M.held()
  collectgarbage()
  collectgarbage()
  return tonumber(M.load("engine/base/mem.h").weir_mem_used())
end

return M
