--- Where the control sockets of this user's runs are, when nobody has said so:
-- PIPELINE-PID.sock in a directory that nobody else can enter, see engine/loop/runtime.h.

local M = {}

local NAME_MAX = 40

--- The path for this run, whose directory is made, or nil where none can be.
---@param world table
---@param pipeline string
function M.own(world, pipeline)
  local base = world.runtime_directory and world.runtime_directory(true)
  local name = (pipeline or ""):gsub("[^%w_.-]", "_"):gsub("^%.", "_"):sub(1, NAME_MAX)
  return base and ("%s/%s-%d.sock"):format(base, name, world.pid()) or nil
end

--- The paths of all runs, some of which may be over; in the order of their names.
function M.all(world)
  local base = world.runtime_directory and world.runtime_directory(false)
  local out = {}
  for _, name in ipairs(base and world.list(base) or {}) do
    if name:find("%.sock$") then
      out[#out + 1] = base .. "/" .. name
    end
  end
  table.sort(out)
  return out
end

-- The name of the pipeline, and the process.
local function parts(path)
  return path:match("([^/]*)%-(%d+)%.sock$")
end

--- Paths of runs that answer, among these. What a process has left that was killed goes.
---@param world table
---@param paths string[]
---@param connect fun(path: string): table?
function M.alive(world, paths, connect)
  local out = {}
  for _, path in ipairs(paths) do
    local client = connect(path)
    local _, pid = parts(path)
    if client then
      client:close()
      out[#out + 1] = path
    elseif pid and world.is_gone(tonumber(pid)) then
      os.remove(path)
    end
  end
  return out
end

local function named(paths, name)
  local out = {}
  for _, path in ipairs(paths) do
    local pipeline, pid = parts(path)
    if name == pipeline or name == pid then
      out[#out + 1] = path
    end
  end
  return out
end

--- The path that is meant: one with a slash or a suffix is itself; else by the name of
-- its pipeline or its process, or the only one there is. nil and what is wrong.
---@param world table
---@param word string?
---@param connect fun(path: string): table?
function M.find(world, word, connect)
  if word and word:find("[/.]") then
    return word
  end
  local paths = M.all(world)
  local found = M.alive(world, word and named(paths, word) or paths, connect)
  if #found == 1 then
    return found[1]
  elseif #found > 1 then
    return nil, "several run; name one:\n  " .. table.concat(found, "\n  ")
  end
  return nil, word and ("no run is called %s; the path of a socket has a slash: ./%s"):format(word,
    word) or "nothing runs that could be asked; name its socket, as in --control PATH"
end

return M
