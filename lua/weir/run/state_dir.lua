--- Where a pipeline keeps what must outlive it: `<state_dir>/<pipeline>/<name>`.

local bit = require("bit")

local M = {}

local NAME_MAX = 200 -- of the 255 that a file system takes

-- In a file name: anything but what is plain, by its bytes. The end of what is too long
-- is a hash.
local function plain(name)
  local out = name:gsub("[^%w%.%-_@]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end):gsub("^%.", "%%2E")
  if #out <= NAME_MAX then
    return out
  end
  local C = require("weir.cdef").load("engine/base/hash.h")
  return ("%s~%s"):format(out:sub(1, NAME_MAX - 17), bit.tohex(C.weir_hash(name, #name)))
end

--- The directory of all pipelines: what the script or the command line says, what systemd
-- gives, else that of the user.
---@param options table  { state_dir }
---@return string
function M.base(options)
  local home = os.getenv("HOME")
  return options.state_dir or os.getenv("STATE_DIRECTORY")
    or os.getenv("XDG_STATE_HOME") and os.getenv("XDG_STATE_HOME") .. "/weir"
    or home and home .. "/.local/state/weir"
    or "/var/lib/weir"
end

--- Of one node of a pipeline, by its name. Nothing is made.
---@param engine table
---@param name string
---@return string
function M.of(engine, name)
  return ("%s/%s/%s"):format(M.base(engine.options), plain(engine.graph.pipeline), plain(name))
end

return M
