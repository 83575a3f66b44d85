--- `weir explain`: the graph of a pipeline and how it will run.

local exit = require("weir.cli.exit")
local load = require("weir.cli.load")

local M = {}

function M.run(given, world)
  local engine, err = load.engine(given, world)
  if not engine then
    load.complain(err, given, world)
    return exit.of_error(err)
  end
  world.out(require("weir.plan.explain").explain(engine.graph, { emit = given.values.emit }))
  engine:close()
  return exit.OK
end

return M
