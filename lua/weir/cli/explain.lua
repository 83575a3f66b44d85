--- `weir explain`: the graph of a pipeline and how it will run.

local exit = require("weir.cli.exit")
local load = require("weir.cli.load")

local M = {}

function M.run(given, world)
  local engine, failure = load.engine(given, world)
  if not engine then
    return failure
  end
  world.out(require("weir.plan.explain").explain(engine.graph, { emit = given.values.emit }))
  engine:close()
  return exit.OK
end

return M
