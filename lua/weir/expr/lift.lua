--- Lifting: a chain of stages becomes a program of the column machine.
--
--     local lifted = lift.chain(nodes, { quiet = purity.quiet(functions) })
--     lifted.count      how many stages, from the first, the program does
--     lifted.program    its instructions (weir.native.program builds it); nil if count is 0
--     lifted.reason     why the next stage is not in it: "calls print at line 3"
--
-- A lambda's bytecode is followed forward, once, instruction by instruction
-- (lift/frame.lua); a text's tree is walked (lift/text.lua). Both write into one builder, so that
-- what one stage read or computed, the next one knows. What is lifted is pure and has no
-- loops; where a value is not the plain case, the row bails out of the program and is done
-- by the lambda itself. So lifting never decides what an error is.
--
-- Scripts must have been loaded, and have run, before: only then do the variables that
-- a lambda reads stand still.

local Builder = require("weir.expr.lift.builder")
local allocate = require("weir.expr.lift.allocate")
local expr = require("weir.expr.lift.expr")
local stages = require("weir.expr.lift.stages")

local M = {}

local reasons = {
  take = "counts records", skip = "counts records", tap = "runs a lambda for its effects",
  flat_map = "makes several records of one", parse = "decodes a text", rename = "renames fields",
  sample = "picks some of many", dedup = "remembers keys",
  throttle = "counts records",
}

local function guarded(fn, ...)
  local ok, problem = pcall(fn, ...)
  if ok then
    return nil
  elseif type(problem) == "table" and problem.refused then
    return problem.refused
  end
  error(problem, 0)
end

-- Writes one stage; what it wrote is undone if it cannot be lifted.
local function try(b, node, index)
  local write = stages[node.kind]
  if not write then
    return reasons[node.kind] or "is not lifted"
  elseif not b.state then
    return "gets no records"
  end
  local state, size = b:copy_state(), #b.code
  b:emit({ op = "stage", stage = index })
  local reason = guarded(write, b, node)
  if reason then
    for i = #b.code, size + 1, -1 do
      b.code[i] = nil
    end
    b.out, b.line, b.state = b.code, nil, state
  end
  return reason
end

local function chain(nodes, count, options)
  local b, reason = Builder.new(options), nil
  local lifted = 0
  for i = 1, count do
    reason = try(b, nodes[i], i - 1)
    if reason then
      break
    end
    lifted = i
  end
  return b, lifted, reason
end

--- The program of the first stages of a chain, as many as can be lifted.
---@param nodes table[]  nodes of a graph, in order
---@param options table?  `quiet`: nothing changes the tables of the script any more
---@return { count: integer, program: table[]?, reason: string? }
function M.chain(nodes, options)
  local count, why = #nodes, nil
  while true do
    local b, lifted, reason = chain(nodes, count, options)
    if lifted == 0 then
      return { count = 0, reason = reason or why }
    end
    local program, too_many = allocate.finish(b.code)
    if program then
      return { count = lifted, program = program, reason = reason or why }
    end
    count, why = lifted - 1, too_many
  end
end

--- Why an expression by itself cannot be lifted; nil if it can.
---@param given table
---@param role "condition"|"value"|"map"
---@param options table?  as above
function M.refusal(given, role, options)
  if role == "map" then
    return M.chain({ { kind = "map", expr = given } }, options).reason
  elseif role == "condition" then
    return M.chain({ { kind = "filter", expr = given } }, options).reason
  end
  local b = Builder.new(options)
  b.frozen = true
  return guarded(expr.value, b, given)
end

return M
