--- Commands: a list of the program and its arguments, or a text for the shell.

local M = {}

--- What the program is called, without where it is: what a shell is told begins with it.
---@param command string[]
function M.name(command)
  local is_shell = command[1] == "sh" and command[2] == "-c"
  local first = is_shell and command[3]:match("%S+") or command[1]
  return first:match("[^/]+$") or first
end

return M
