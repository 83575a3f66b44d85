--- A pipeline from its request to its result: the engine as the command line drives it.
--
--     local engine, err = require("weir.run.engine").open({ path = "traffic.lua" })
--     engine:start()
--     while engine:poll(200) == true do draw(engine:stats()) end
--     local result = engine:result()
--     engine:close()
--
-- Opening describes and plans; it touches no file but the script. Starting builds the
-- flow and its threads.

local cdef = require("weir.cdef")
local check = require("weir.plan.check")
local content = require("weir.describe.content")
local cut = require("weir.plan.cut")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")
local flow = require("weir.run.flow")
local script = require("weir.run.script")
local settings = require("weir.describe.settings")
local setup = require("weir.run.setup")
local waits = require("weir.run.waits")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/base/mem.h",
  "engine/host/engine.h", "engine/sched/flow.h", "engine/sched/tally.h")

local M = {}

local Engine = {}
Engine.__index = Engine

-- What the program itself takes to describe and plan is no matter of --max-memory.
local DESCRIBING_MIN = 32 * 2 ^ 20

-- How long steps may take to notice that they are given up.
local ABANDON_MS = 500

local clock = C.weir_clock_real()

local function now_ms()
  return tonumber(clock.monotonic_ns(clock.context)) / 1e6
end

local function as_error(problem)
  if type(problem) == "table" then
    return problem
  end
  local message = tostring(problem)
  return { kind = "script", message = message }
end

-- What the command line says goes before what the script says.
local function settle_options(graph, given)
  local options = graph.options
  given = given or {}
  options.workers = given.workers or options.workers or C.weir_engine_cores()
  options.max_memory_bytes = given.max_memory or options.max_memory_bytes
  options.on_error = given.on_error or options.on_error
  options.max_errors = given.max_errors or options.max_errors
  options.state_dir = given.state_dir or options.state_dir
  return options
end

--- Describes and plans.
---@param request table  see weir.run.script; and options = { workers, max_memory, ... }
---@return table? engine
---@return table? err  { kind, message }
function M.open(request)
  local recording = {}
  local given = request.options and request.options.max_memory
  fuel.limit_memory(math.max(given or settings.MEMORY_MAX, DESCRIBING_MIN))
  local ok, graph = pcall(function()
    return script.describe(script.read(request), 0, recording)
  end)
  if not ok then
    return nil, as_error(graph)
  end
  local self = setmetatable({ request = request, recording = recording, graph = graph,
    warnings = {} }, Engine)
  self.content = {}
  for i, node in ipairs(graph.nodes) do
    self.content[i] = content.text(node)
  end
  self.options = settle_options(graph, request.options)
  self.plan = cut.cut(graph)
  return self
end

function Engine:is_profiled()
  return (self.request.options or {}).profile == true
end

--- What a worker needs to know, as source text.
function Engine:setup()
  return setup.text(self)
end

--- Builds the flow and, unless `threads` is false, its threads.
---@param threads boolean?
---@return boolean? ok
---@return table? err
function Engine:start(threads)
  self.started_ms = now_ms()
  local mistake = check.mistake(self.graph)
  if mistake then
    self.failure = { kind = "script", message = mistake.where .. ": " .. mistake.message }
    return nil, self.failure
  end
  local ok, problem = pcall(flow.build, self)
  if not ok then
    self.failure = { kind = "source", message = tostring(problem) }
    return nil, self.failure
  end
  if threads == false then
    return true
  end
  local options = ffi.new("weir_worker_options")
  local text = self:setup()
  options.setup = text
  options.memory_max = self.options.max_memory_bytes
  options.lpeg = M.lpeg
  local given = self.request.options or {}
  options.early, options.leaves = given.early, given.leaves and 1 or 0
  local out = ffi.new("weir_engine *[1]")
  local rc = C.weir_engine_new(out, self.flow, self.options.workers, options)
  if rc == 0 then
    self.engine = out[0]
    rc = C.weir_engine_start(self.engine)
  end
  if rc ~= 0 then
    self.failure = { kind = "engine", message = ffi.string(C.weir_err_text(rc)) }
    return nil, self.failure
  end
  return true
end

-- Gives up what is under way, whose steps may take a moment to notice.
function Engine:_abandon(message)
  C.weir_engine_abandon(self.engine, C.WEIR_ESTOPPED, message)
  local until_ms = now_ms() + ABANDON_MS
  repeat
    local state = C.weir_engine_poll(self.engine, 10)
    self.ended = state == C.WEIR_ENGINE_FINISHED
  until self.ended or now_ms() >= until_ms
end

--- What its sources and sinks wait for: a text for each that does, by name.
---@return table<string, string>
function Engine:hindrances()
  return self.flow and waits.hindrances(self.flow, self.plan.tasks) or {}
end

--- What its end waits for, so far as that can be said.
---@return string?
function Engine:awaits()
  return self.flow and waits.of_end(self.flow, self.plan.tasks)
end

-- A stop waits for drain_timeout and no longer.
function Engine:_watch_drain()
  if not self.stopped_ms then
    self.stopped_ms = C.weir_engine_interrupts(self.engine) > 0 and now_ms() or nil
    return true
  end
  local limit_ms = self.options.drain_timeout_ns / 1e6
  if now_ms() - self.stopped_ms < limit_ms then
    return true
  end
  local why = self:awaits()
  self:_abandon(("not all that was under way arrived within drain_timeout (%g s)%s"):format(
    limit_ms / 1e3, why and "; " .. why or ""))
  return false
end

--- Waits for something to happen: true while running, false at the end, "interrupted"
-- after a second Ctrl-C. The first one drains.
function Engine:poll(timeout_ms)
  if self.failure then
    return false
  end
  local state = C.weir_engine_poll(self.engine, timeout_ms)
  if state == C.WEIR_ENGINE_INTERRUPTED then
    self:_abandon("interrupted")
    return "interrupted"
  elseif state == C.WEIR_ENGINE_RUNNING then
    return self:_watch_drain()
  end
  self.ended = true
  return false
end

--- Whether every step has come to its end, so that closing does not wait.
function Engine:has_ended()
  return self.failure ~= nil or self.ended == true
end

--- Has the sources rest, or go on; what is under way arrives.
---@param paused boolean
function Engine:pause(paused)
  if self.engine then
    C.weir_engine_pause(self.engine, paused and 1 or 0)
  else
    C.weir_flow_pause(self.flow, paused and 1 or 0)
  end
end

--- Has poll return when something comes to the sockets of a weir_net, which the caller
-- serves; nil ends that. True, or nil and why it cannot be.
function Engine:watch(net)
  local code = C.weir_engine_watch(self.engine, net)
  if code ~= 0 then
    return nil, ffi.string(C.weir_err_text(code))
  end
  return true
end

--- Whether something has come there since the last call.
function Engine:stirred()
  return C.weir_engine_take_stirred(self.engine) ~= 0
end

--- Ends now, as a second Ctrl-C does: what is under way is given up.
---@param message string
function Engine:abort(message)
  self:_abandon(message)
end

--- Ends the sources and lets what is under way arrive.
function Engine:stop()
  self.stopped_ms = self.stopped_ms or now_ms()
  if self.engine then
    C.weir_engine_stop(self.engine)
  else
    C.weir_flow_stop(self.flow)
  end
end

local function place_of_sources(self)
  for _, task in ipairs(self.plan.tasks) do
    if task.kind == "source" then
      return ffi.string(C.weir_flow_task_place(self.flow, task.number))
    end
  end
  return ""
end

--- What it is doing: "running", "paused", "draining" once it was told to stop, "finished".
function Engine:state()
  if self:has_ended() or C.weir_flow_finished(self.flow) ~= 0 then
    return "finished"
  end
  if self.stopped_ms then
    return "draining"
  end
  return C.weir_flow_is_paused(self.flow) ~= 0 and "paused" or "running"
end

--- How long it has been at work, in milliseconds.
function Engine:elapsed_ms()
  return self.started_ms and now_ms() - self.started_ms or 0
end

--- Numbers of now, for progress.
function Engine:stats()
  if not self.flow then
    return { records_in = 0, records_out = 0, bytes_in = 0, errors = 0, elapsed_ms = 0, place = "" }
  end
  local stats = C.weir_flow_count(self.flow)
  local total = tonumber(stats.bytes_total)
  return {
    records_in = tonumber(stats.records_read),
    records_out = tonumber(stats.records_written),
    bytes_in = tonumber(stats.bytes_read),
    bytes_total = total > 0 and total or nil,
    bytes_out = tonumber(stats.bytes_written),
    errors = tonumber(stats.records_dead),
    elapsed_ms = now_ms() - self.started_ms,
    place = place_of_sources(self),
  }
end

--- What came of it; after the end.
function Engine:result()
  local outcome = require("weir.run.outcome") -- by now the others are at work
  return outcome.of(self, self.started_ms and now_ms() - self.started_ms)
end

--- Ends its threads and frees everything.
function Engine:close()
  if self.engine then
    C.weir_engine_free(self.engine)
  elseif self.flow then
    C.weir_flow_free(self.flow)
  end
  self.engine, self.flow = nil, nil
end

return M
