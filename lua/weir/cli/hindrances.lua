--- Says once that a sink waits, as for room on a disk, or a source, as for a file, and once
-- that it goes on.

local human = require("weir.cli.human")
local keys = require("weir.lib.keys")

local M = {}

local EVERY_MS = 200

--- A watcher for follow.lua.
---@param engine table
---@param say fun(message: string)
function M.watch(engine, say)
  local since = {}
  return {
    every_ms = EVERY_MS,
    act = function(now_ms)
      local now = engine:hindrances()
      for _, name in ipairs(keys.sorted(now)) do
        if not since[name] then
          since[name] = now_ms
          say(("%s waits: %s"):format(name, now[name]))
        end
      end
      for _, name in ipairs(keys.sorted(since)) do
        if not now[name] then
          say(("%s goes on, after %s"):format(name, human.duration_ms(now_ms - since[name])))
          since[name] = nil
        end
      end
    end,
  }
end

return M
