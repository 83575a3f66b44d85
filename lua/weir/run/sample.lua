--- Runs the first records of a pipeline in this very state, one step after another, and
-- tells what the just-in-time compiler made of the script. Nothing is written.

local cdef = require("weir.cdef")
local compiler = require("weir.run.compiler")
local ffi = require("ffi")
local worker = require("weir.run.worker")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/sched/flow.h",
  "engine/sched/run.h")

local M = {}

-- The size of the sample limits what is held.
local NO_LIMIT = 2 ^ 40

local ready = ffi.new("uint32_t[1]")

-- Nobody waits here: where nothing else is left to do, the clock is put forward.
local function clock_by_hand()
  local real, now = C.weir_clock_real(), ffi.new("int64_t[1]")
  now[0] = real.wall_ns(real.context)
  return C.weir_clock_by_hand(now), now
end

-- Scripts are loaded under their paths, weir's own files under theirs.
local function is_script(source)
  return source == "=-e" or source:find("^@") ~= nil and not source:find("^@lua/weir/")
    and not source:find("/lua/weir/[%w_/]+%.lua$")
end

-- The scheduler's way into the segments, as each worker has one.
local function runner_of(enter)
  local runner = ffi.new("weir_runner")
  local callback = ffi.cast("int (*)(void *, uint32_t, weir_run *)", function(_, segment, run)
    local ok, reason = pcall(enter, segment)
    if not ok then
      run.code = C.WEIR_ELAMBDA
      ffi.copy(run.message, tostring(reason):sub(1, C.WEIR_RUN_MESSAGE - 1))
      return C.WEIR_RUN_FAILED
    end
    return reason
  end)
  runner.enter = callback
  return runner, callback
end

-- Whether there was one to take.
local function step(flow, runner, now)
  if C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 1) == 0 then
    local next_ns = C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)
    now[0] = next_ns
    return next_ns > 0
  elseif C.weir_flow_claim(flow, C.WEIR_HOME_ANY, ready[0], 0) ~= 0 then
    C.weir_flow_run(flow, ready[0], 0, runner)
  end
  return true
end

local function drive(engine, runner, now, count)
  local flow, stopped = engine.flow, false
  while C.weir_flow_finished(flow) == 0 do
    if not step(flow, runner, now) then
      return false
    end
    if not stopped and tonumber(C.weir_flow_count(flow).records_read) >= count then
      engine:stop()
      stopped = true
    end
  end
  return true
end

-- Compiled code may not call what calls back.
jit.off(step)
jit.off(drive)

--- What to ask the engine for, beside the script, so that it can be sampled.
function M.options(options)
  options.clock, options.now = clock_by_hand()
  options.sample, options.workers, options.max_memory = true, 1, NO_LIMIT
  return options
end

--- Runs some `count` records of an engine that was opened with these options: a report
-- of weir.run.compiler with `records`, or nil and what is wrong.
---@param engine table
---@param count integer
function M.run(engine, count)
  local ok, err = engine:start(false)
  if not ok then
    return nil, err
  end
  local enter = worker.prepare(engine.flow, engine:setup(), 1)
  local runner, callback = runner_of(enter)
  local watch = compiler.watch(is_script)
  local ended = drive(engine, runner, engine.request.options.now, count)
  local report = watch:stop()
  callback:free()
  if not ended then
    return nil, { kind = "engine", message = "a record waits for others, such as a server, for whom"
      .. " nobody can wait here" }
  end
  report.records = engine:stats().records_in
  local result = engine:result()
  if not result.ok then
    return nil, result
  end
  return report
end

return M
