--- What nests on the stack of C: coroutines, and sorting inside a comparison.
--
-- Lua's own stack has a limit, but a coroutine brings a new one, and LuaJIT counts
-- nowhere how deep they lie within each other: some ten thousand run into the end of
-- the thread's stack, and the process is gone. Here they are counted.

local M = {}

local DEPTH_MAX = 100 -- each takes some hundred bytes of it

local depth = 0

-- Every coroutine that is not forgotten.
local coroutines = setmetatable({}, { __mode = "k" })

local function leave(before, ...)
  depth = before
  return ...
end

-- Calls what does not raise.
local function enter(fn, ...)
  if depth >= DEPTH_MAX then
    return false, ("more than %d coroutines or sorts within each other"):format(DEPTH_MAX)
  end
  depth = depth + 1
  return leave(depth - 1, fn(...))
end

-- Messages have a place but where C made them.
local function raise(message)
  local placed = type(message) ~= "string" or message:find("^[^\n]-:%d+: ")
  error(message, placed and 0 or 4)
end

local function results(ok, ...)
  if not ok then
    raise((...))
  end
  return ...
end

function M.sort(...)
  return results(enter(pcall, table.sort, ...))
end

function M.create(fn)
  local co = coroutine.create(fn)
  coroutines[co] = true
  return co
end

local function some_alive()
  for co in pairs(coroutines) do
    if coroutine.status(co) ~= "dead" then
      return true
    end
  end
  return false
end

--- Whether some coroutine may go on: then variables of the functions in it may change.
function M.suspended()
  if not some_alive() then
    return false
  end
  collectgarbage() -- or the answer would depend on when it ran last
  return some_alive()
end

function M.resume(co, ...)
  return enter(coroutine.resume, co, ...)
end

function M.wrap(fn)
  local co = M.create(fn)
  return function(...)
    return results(enter(coroutine.resume, co, ...))
  end
end

return M
