--- What the environment says of a bench, and what it says meanwhile.

local M = {}

M.TASKS = os.getenv("TASKS") or ""

function M.number(name, default)
  return assert(tonumber(os.getenv(name) or default), name .. " must be a number")
end

--- Whether TASKS names a task, or none.
function M.wanted(task)
  return M.TASKS == "" or (" " .. M.TASKS .. " "):find(" " .. task.name .. " ", 1, true)
end

function M.say(...)
  io.stderr:write(("bench: " .. (...) .. "\n"):format(select(2, ...)))
end

return M
