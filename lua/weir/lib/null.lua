--- JSON's null as a Lua value: `weir.null`.
--
-- It must be true in an `if`, equal only itself, and hold nothing that a script
-- could write to; so it is an empty userdata. A light one, as cjson has, would not
-- do: LuaJIT does not compile code that touches one. Nothing else in a state is a
-- userdata that a script can hold, so `type(v) == "userdata"` is the quickest test.

local M = {}

---@type userdata
M.null = newproxy(false)

return M
