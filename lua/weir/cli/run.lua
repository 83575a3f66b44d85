--- `weir run` and `weir -e`: from a script to an exit code.

local exit = require("weir.cli.exit")
local follow = require("weir.cli.follow")
local human = require("weir.cli.human")
local load = require("weir.cli.load")
local paint = require("weir.cli.paint")

local M = {}

-- Records that on_error = "skip" has dropped.
local function skipped(result)
  local count = 0
  for _, stage in ipairs(result.ledger.stages) do
    count = count + (stage.dropped and stage.dropped.on_error or 0)
  end
  return count
end

-- A one-liner speaks only when there is something to say, as a filter in a pipe does.
local function wants_summary(engine, values, result)
  if values.quiet or engine.failure then
    return false
  elseif values.summary or not values.eval then
    return true
  end
  return result.interrupted or result.dead > 0 or skipped(result) > 0
    or not result.ledger.balanced
end

-- Without progress and summary, what was lost without a trace is still worth a line.
local function complain_of_loss(given, world, result)
  local lost = given.values.eval and result.dead or 0
  if given.values.quiet and result.ok and lost > 0 then
    load.complain({ message = ("%s failed; the commonest reason: %s"):format(
      human.plural(lost, "record"), result.dead_reasons[1].reason) }, given, world)
  end
end

-- Whoever pipes a CSV into a one-liner learns how to say so.
local function hint_at_codec(engine, given, world, result)
  local first = engine.graph.nodes[1]
  local codec = first and first.source and first.source.codec
  if codec and codec.kind == "json" and result.dead > 0
    and engine:stats().records_in == result.dead
    and result.dead_reasons[1].stage == first.name
  then
    load.complain({ message = "nothing here is a JSON object; for other formats say "
      .. (given.values.eval and "--codec csv, --codec lines" or 'codec = "csv", codec = "lines"')
      .. " or what it is" }, given, world)
  end
end

local function summarise(given, world, report)
  if given.values.summary == "json" then
    world.err(require("weir.cli.summary_json").line(report) .. "\n")
    return
  end
  local brush = paint.brush(given.values.color, world.err_is_terminal, world.env)
  world.err(require("weir.cli.summary").text(report, world.width(), brush))
end

-- Whoever asks for it gets it, after a quiet run too.
local function tell_profile(given, world, result)
  local brush = paint.brush(given.values.color, world.err_is_terminal, world.env)
  world.err(require("weir.cli.profile").text(result, world.width(), brush))
end

local function finish(engine, given, world, interrupted)
  local result = engine:result()
  local code = interrupted and exit.INTERRUPTED or exit.of_result(result, given.values.strict)
  if code == exit.PIPE then
    return code
  end
  if not result.ok then
    load.complain(result, given, world)
  end
  hint_at_codec(engine, given, world, result)
  complain_of_loss(given, world, result)
  local quits = interrupted and not engine:has_ended()
  if not quits and wants_summary(engine, given.values, result) then
    summarise(given, world, { result = result, stats = engine:stats(), exit_code = code })
  end
  if result.profile and given.values.summary ~= "json" then
    tell_profile(given, world, result)
  end
  if code == exit.ERRORS and result.ok then
    load.complain({ message = "--strict: the run has dead letters" }, given, world)
  end
  return code
end

-- What is noted at the end is made safe, and a disk may not answer any more.
local function close(engine, world)
  if world.quit_within then
    local wait_ns = engine.options.drain_timeout_ns
    world.quit_within(wait_ns, ("weir: what has arrived could not be noted within drain_timeout"
      .. " (%g s): the disk does not answer; some of it may come again\n"):format(wait_ns / 1e9),
      exit.FAILED)
  end
  engine:close()
end

local function run(given, world)
  local early = world.begin_worker and world.begin_worker()
  local engine, failure = load.engine(given, world, function(options)
    options.early, options.leaves = early, world.quit and true
    options.measured = given.values.stats ~= nil or given.values.metrics ~= nil
  end)
  if not engine then
    return failure
  end
  local tools, message = require("weir.cli.tools").open(engine, given.values, world)
  if not tools then
    load.complain({ message = message }, given, world)
    return exit.FAILED
  end
  local has_begun = engine:start()
  for _, warning in ipairs(engine.warnings) do
    load.complain({ message = "warning: " .. warning }, given, world)
  end
  local interrupted = false
  if has_begun then
    tools:begin()
    interrupted = follow.run(engine, given.values, world, tools) == "interrupted"
  end
  tools:close()
  local code = finish(engine, given, world, interrupted)
  -- Else a lambda is at work, or a pipe that nobody reads: that might be for ever.
  if engine:has_ended() then
    close(engine, world)
  end
  return code
end

function M.run(given, world)
  local code = run(given, world)
  if world.quit then
    world.quit(code) -- the system takes Lua's states away faster than Lua does
  end
  return code
end

return M
