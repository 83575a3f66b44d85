--- JSON's null as a Lua value: `weir.null`.
--
-- It must be true in an `if`, equal only itself, and hold nothing that a script
-- could write to; so it is a light userdata, of which pure Lua knows one source:
-- the identity of an upvalue. Nothing else in a state is a userdata that a script
-- can hold, so `type(v) == "userdata"` is the quickest test for null.

local M = {}

-- Kept, so that no other upvalue is ever given its address.
local anchor = {}
M._owner = function()
  return anchor
end

---@type lightuserdata
M.null = debug.upvalueid(M._owner, 1)

return M
