--- `weir explain`: the graph of a pipeline and how it will run.

local exit = require("weir.cli.exit")
local load = require("weir.cli.load")

local M = {}

local SAMPLE = 100000

-- Runs the sample that was asked for: exit code.
local function explain_jit(engine, given, world)
  local report, err = require("weir.run.sample").run(engine, given.values.sample or SAMPLE)
  if not report then
    load.complain(err, given, world)
    return exit.of_error(err)
  end
  world.out("\n" .. require("weir.cli.jit").text(report, world.width()))
  return exit.OK
end

function M.run(given, world)
  local values = given.values
  local wants_jit = values.jit or values.sample
  local engine, failure = load.engine(given, world,
    wants_jit and require("weir.run.sample").options)
  if not engine then
    return failure
  end
  world.out(require("weir.plan.explain").explain(engine.graph, { emit = values.emit }))
  local code = wants_jit and explain_jit(engine, given, world) or exit.OK
  engine:close()
  return code
end

return M
