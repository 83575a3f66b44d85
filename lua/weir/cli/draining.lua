--- Says once what a run waits for that was told to stop and takes its time.

local M = {}

local EVERY_MS, PATIENCE_MS = 200, 2000

--- A watcher for follow.lua.
---@param engine table
---@param say fun(message: string)
function M.watch(engine, say)
  local since_ms, said
  return {
    every_ms = EVERY_MS,
    act = function(now_ms)
      if said or engine:state() ~= "draining" then
        return
      end
      since_ms = since_ms or now_ms
      local why = now_ms - since_ms >= PATIENCE_MS and engine:awaits()
      if why then
        said = true
        say(("stopping, within %g s; %s; another Ctrl-C quits at once"):format(
          engine.options.drain_timeout_ns / 1e9, why))
      end
    end,
  }
end

return M
