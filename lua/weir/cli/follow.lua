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

-- The engine wakes as often as there is something to do, which is more than anybody
-- can read.
local function draw_when_due(meter, due_ms, engine, world)
  local stats = engine:stats()
  if stats.elapsed_ms < due_ms then
    return due_ms
  end
  world.err(CLEAR .. meter:line(stats, world.width() - 1))
  return stats.elapsed_ms + REDRAW_MS
end

--- Returns "interrupted" if a second Ctrl-C ended it.
---@param engine table
---@param values table  of the flags
---@param world table
function M.run(engine, values, world)
  local meter = is_wanted(engine, values, world) and progress.new()
  local running, due_ms = true, REDRAW_MS
  while running == true do
    running = engine:poll(REDRAW_MS)
    if meter and running == true then
      due_ms = draw_when_due(meter, due_ms, engine, world)
    end
  end
  if meter then
    world.err(CLEAR)
  end
  return running
end

return M
