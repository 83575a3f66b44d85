--- Watches a running engine to its end, with a progress line where somebody looks.

local progress = require("weir.cli.progress")

local M = {}

local REDRAW_MS = 200
local CLEAR = "\r\27[K"

-- Records that go to the terminal and a line that is redrawn there do not mix.
local function writes_to_terminal(engine, world)
  if not world.out_is_terminal then
    return false
  end
  for _, node in ipairs(engine.graph and engine.graph.nodes or {}) do
    if node.kind == "tap" or node.sink and node.sink.kind == "stdout" then
      return true
    end
  end
  return false
end

local function is_wanted(engine, values, world)
  return world.err_is_terminal and not values.quiet and not values.no_progress
    and not writes_to_terminal(engine, world)
end

--- Returns "interrupted" if a second Ctrl-C ended it.
---@param engine table
---@param values table  of the flags
---@param world table
function M.run(engine, values, world)
  local meter = is_wanted(engine, values, world) and progress.new()
  local running = true
  while running == true do
    running = engine:poll(REDRAW_MS)
    if meter and running == true then
      world.err(CLEAR .. meter:line(engine:stats(), world.width() - 1))
    end
  end
  if meter then
    world.err(CLEAR)
  end
  return running
end

return M
