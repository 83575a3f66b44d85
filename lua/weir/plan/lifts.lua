--- How many stages of each segment, from its first, a program of the column machine does.
--
--     segment.lifted = { count, program = weir_program, list = instructions, reason }
--     plan.lifting = options for weir.expr.lift
--
-- With a count of 0 there is no program. The reason says why the stage behind the
-- lifted ones is not among them.

local lift = require("weir.expr.lift")
local parallel = require("weir.plan.parallel")
local program = require("weir.native.program")

local M = {}

--- Of the first `count` of these stages: segment.lifted, as above.
function M.of(stages, count, options)
  local nodes = {}
  for i = 1, count do
    nodes[i] = stages[i].node
  end
  local chain = lift.chain(nodes, options)
  if chain.count == 0 then
    return chain
  end
  local ok, built = pcall(program.build, chain.program)
  if not ok then
    return { count = 0, reason = built }
  end
  return { count = chain.count, program = built, list = chain.program, reason = chain.reason }
end

--- What weir.expr.lift wants to know of a graph, whose script has run.
function M.options(graph)
  local functions = parallel.functions(graph)
  -- Texts alone do without the analysis.
  return { quiet = functions[1] ~= nil and require("weir.expr.purity").quiet(functions) }
end

--- Lifts what can be lifted of every segment of a plan.
---@param plan table  of weir.plan.cut
function M.mark(plan)
  plan.lifting = M.options(plan.graph)
  for _, task in ipairs(plan.tasks) do
    if task.kind == "segment" then
      task.lifted = M.of(task.stages, #task.stages, plan.lifting)
    end
  end
end

return M
