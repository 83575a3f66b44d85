--- Watches a running engine to its end, and tells meanwhile what was asked for: a progress
-- line where somebody looks, a table of numbers now and then, a file of them.

local load = require("weir.cli.load")
local paint = require("weir.cli.paint")

local M = {}

local REDRAW_MS, METRICS_MS = 200, 1000
local STATS_MS_MIN = 100
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

local function wants_progress(engine, values, world)
  return world.err_is_terminal and not values.quiet and not values.no_progress
    and not values.stats and not writes_to_terminal(engine, world)
end

-- A watcher: { every_ms, act = function(), finish = function()? }

local function progress_line(engine, world)
  local meter = require("weir.cli.progress").new()
  return {
    every_ms = REDRAW_MS,
    act = function()
      world.err(CLEAR .. meter:line(engine:stats(), world.width() - 1))
    end,
    finish = function()
      world.err(CLEAR)
    end,
  }
end

local function stats_table(values, world, snapshot)
  local stats = require("weir.cli.stats")
  local brush = paint.brush(values.color, world.err_is_terminal, world.env)
  return {
    every_ms = math.max(STATS_MS_MIN, values.stats / 1e6),
    act = function()
      world.err(stats.text(snapshot(), world.width(), brush))
    end,
  }
end

-- A disk that is full for a while is told of once.
local function metrics_file(file, values, world, snapshot)
  local was_well = true
  local function put()
    local ok, message = file:put(snapshot())
    if was_well and not ok then
      load.complain({ message = "--metrics: " .. message }, { values = values }, world)
    end
    was_well = ok
  end
  return { every_ms = METRICS_MS, act = put, finish = put }
end

local function watchers_of(engine, values, world, file)
  local watchers = {}
  if engine.failure then
    return watchers
  end
  if wants_progress(engine, values, world) then
    watchers[1] = progress_line(engine, world)
  end
  local meter
  local function snapshot()
    meter = meter or require("weir.run.metrics").new(engine)
    return meter:snapshot()
  end
  if values.stats then
    watchers[#watchers + 1] = stats_table(values, world, snapshot)
  end
  if file then
    watchers[#watchers + 1] = metrics_file(file, values, world, snapshot)
  end
  return watchers
end

-- The engine wakes as often as there is something to do, which is more than anybody can
-- read. Gives how long nothing is due.
local function act_when_due(watchers, now_ms)
  local wait_ms = REDRAW_MS
  for _, watcher in ipairs(watchers) do
    watcher.due_ms = watcher.due_ms or watcher.every_ms
    if now_ms >= watcher.due_ms then
      watcher.act()
      watcher.due_ms = math.max(watcher.due_ms + watcher.every_ms, now_ms)
    end
    wait_ms = math.min(wait_ms, watcher.due_ms - now_ms)
  end
  return math.max(1, math.ceil(wait_ms))
end

--- Returns "interrupted" if a second Ctrl-C ended it.
---@param engine table
---@param values table  of the flags
---@param world table
---@param file table?   of metrics_file.lua
function M.run(engine, values, world, file)
  local watchers = watchers_of(engine, values, world, file)
  local running, wait_ms = true, REDRAW_MS
  while running == true do
    running = engine:poll(wait_ms)
    if running == true and #watchers > 0 then
      wait_ms = act_when_due(watchers, engine:stats().elapsed_ms)
    end
  end
  for _, watcher in ipairs(watchers) do
    if watcher.finish then
      watcher.finish()
    end
  end
  return running
end

return M
