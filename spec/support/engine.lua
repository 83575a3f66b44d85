--- Engine headers for specs that test C through the FFI.

local cdef = require("weir.cdef")

require("spec.support.setup")

local M = {}

--- Declares headers and returns the namespace to call.
---@param ... string  header paths from the repository root
function M.load(...)
  return cdef.load(...)
end

return M
