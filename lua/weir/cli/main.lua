--- The program: finds the command and answers with its exit code.

local M = {}

---@param arguments string[]  without the program's name
---@return integer  the exit code
function M.main(arguments)
  io.stderr:write(("weir: no command '%s'\n"):format(arguments[1] or ""))
  return 2
end

return M
