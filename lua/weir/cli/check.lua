--- `weir check`: what is wrong with a pipeline, without running it.

local exit = require("weir.cli.exit")
local load = require("weir.cli.load")
local paint = require("weir.cli.paint")

local M = {}

local function show(findings, given, world)
  local brush = paint.brush(given.values.color, world.out_is_terminal, world.env)
  local errors = 0
  for _, finding in ipairs(findings) do
    local is_error = finding.severity == "error"
    errors = errors + (is_error and 1 or 0)
    world.out(("%s: %s: %s\n"):format(finding.where,
      brush(is_error and "bad" or "title", finding.severity), finding.message))
  end
  return errors
end

function M.run(given, world)
  local engine, failure = load.engine(given, world)
  if not engine then
    return failure
  end
  local findings = require("weir.plan.check").check(engine.graph)
  local errors = show(findings, given, world)
  if #findings == 0 then
    world.out(given.plain[1] .. ": nothing to complain about\n")
  end
  engine:close()
  return errors > 0 and exit.SCRIPT or exit.OK
end

return M
