--- Watches a running engine to its end, and tells meanwhile what was asked for: a progress
-- line where somebody looks, a table of numbers now and then, a file of them; and serves
-- who asks over the control socket.

local draining = require("weir.cli.draining")
local hindrances = require("weir.cli.hindrances")
local load = require("weir.cli.load")
local paint = require("weir.cli.paint")

local M = {}

local REDRAW_MS, METRICS_MS, CONTROL_MS = 200, 1000, 100
local LOOK_MS, LOOK_MS_MAX = 50, 1000
local SAME_MS = 20
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

-- A watcher: { every_ms, act = function(now_ms), finish = function()? }

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
  local kept = {}
  return {
    every_ms = math.max(STATS_MS_MIN, values.stats / 1e6),
    act = function()
      world.err(stats.text(snapshot(), world.width(), brush, kept))
    end,
  }
end

-- A disk that is full for a while is told of once.
local function metrics_file(file, values, world, snapshot)
  local was_well = true
  local function put(is_last)
    local ok, message = file:put(snapshot(is_last))
    if was_well and not ok then
      load.complain({ message = "--metrics: " .. message }, { values = values }, world)
    end
    was_well = ok
  end
  return {
    every_ms = METRICS_MS,
    act = function()
      put(false)
    end,
    finish = function()
      put(true)
    end,
  }
end

-- Sees often what segments are at, and less often where they rest.
local function onlooker(tools, wanted)
  local watcher = { every_ms = LOOK_MS }
  function watcher.act(now_ms)
    local at_work = tools:look(now_ms, wanted)
    watcher.every_ms = at_work and LOOK_MS or math.min(watcher.every_ms * 2, LOOK_MS_MAX)
  end
  return watcher
end

-- A run that is soon over needs no socket that nobody was told of. Where nobody has come
-- there is little to do.
local function control_socket(tools)
  local watcher = { every_ms = METRICS_MS }
  function watcher.act(now_ms)
    if not tools.control and now_ms >= METRICS_MS then
      tools:open_own()
    end
    watcher.every_ms = tools:has_clients() and CONTROL_MS or METRICS_MS
    return tools.control and tools.control:tell()
  end
  function watcher.serve(now_ms)
    local ends = tools.control and tools.control:serve()
    if tools:has_clients() then
      watcher.every_ms = CONTROL_MS
      watcher.due_ms = math.min(watcher.due_ms, now_ms + CONTROL_MS)
    end
    return ends
  end
  return watcher
end

-- Those who ask at the same time are told the same; the end is told as it is.
local function snapshots(engine, tools)
  local last, last_ms
  return function(is_last)
    local now_ms = engine:elapsed_ms()
    if is_last or not last or now_ms - last_ms >= SAME_MS then
      last, last_ms = tools:meter():snapshot(), now_ms
    end
    return last
  end
end

local function watchers_of(engine, values, world, tools)
  local watchers = {}
  if engine.failure then
    return watchers
  end
  local function say(message)
    load.complain({ message = message }, { values = values }, world)
  end
  watchers[1] = hindrances.watch(engine, say)
  watchers[2] = draining.watch(engine, say)
  if wants_progress(engine, values, world) then
    watchers[3] = progress_line(engine, world)
  end
  local snapshot = snapshots(engine, tools)
  if values.stats then
    watchers[#watchers + 1] = stats_table(values, world, snapshot)
  end
  if tools.file then
    watchers[#watchers + 1] = metrics_file(tools.file, values, world, snapshot)
  end
  if tools:has_control() then
    watchers[#watchers + 1] = control_socket(tools)
  end
  if values.stats or tools.file or tools:has_control() then
    watchers[#watchers + 1] = onlooker(tools, values.stats ~= nil or tools.file ~= nil)
  end
  return watchers
end

-- The engine wakes as often as there is something to do, which is more than anybody can
-- read. Gives how long nothing is due, and whether somebody wants the end.
local function act_when_due(watchers, now_ms, stirred)
  local wait_ms, ends = REDRAW_MS, nil
  for _, watcher in ipairs(watchers) do
    watcher.due_ms = watcher.due_ms or watcher.every_ms
    if stirred and watcher.serve then
      ends = watcher.serve(now_ms) or ends
    end
    if now_ms >= watcher.due_ms then
      ends = watcher.act(now_ms) or ends
      watcher.due_ms = math.max(watcher.due_ms + watcher.every_ms, now_ms)
    end
    wait_ms = math.min(wait_ms, watcher.due_ms - now_ms)
  end
  return math.max(1, math.ceil(wait_ms)), ends
end

--- Returns "interrupted" if a second Ctrl-C, or somebody at the control socket, ended it.
---@param engine table
---@param values table  of the flags
---@param world table
---@param tools table   of tools.lua
function M.run(engine, values, world, tools)
  local watchers = watchers_of(engine, values, world, tools)
  local running, wait_ms, ends = true, REDRAW_MS, nil
  while running == true do
    running = engine:poll(wait_ms)
    if running == true and #watchers > 0 then
      wait_ms, ends = act_when_due(watchers, engine:elapsed_ms(), tools:stirred())
    end
    if tools:is_behind() then
      wait_ms = 1
    end
    if ends and running == true then
      engine:abort("told to stop at the control socket")
      running = "interrupted"
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
