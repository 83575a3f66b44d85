--- Where a chain of stages is better two segments.
--
--     local part = parts.of(graph)
--     part(stages, serial)   --> the stage that begins the second one, or nil; `serial` is
--                                the first that only one worker may compute
--
-- To write records and to read them again costs more than a small lambda does. It is worth it
--
--   - where a stage is serial, if one before leaves few records or works long on each, so
--     that several workers may compute that;
--   - where stages that can be lifted follow one that cannot, and make texts or tables or
--     gather: record by record, numbers cost little and those much;
--   - where more lambdas that are not lifted would follow than LuaJIT compiles in one trace.

local exprs = require("weir.plan.exprs")

local M = {}

local LAMBDAS_MAX = 8

local LEAVES_FEW = { filter = true, flat_map = true, parse = true, sample = true }
local CALLS = { filter = true, map = true, flat_map = true, set = true, tap = true }
local GATHERS = { aggregate = true, sort = true, top = true }
local NEVER_LIFTED = { flat_map = true, parse = true, rename = true, skip = true, tap = true,
  sample = true, dedup = true, throttle = true }

-- Few pipelines need it where they are planned.
local function lift()
  return require("weir.expr.lift")
end

-- Instructions that cost little record by record; a comparison with a text is none.
local CHEAP = {}
for op in ("stage get get_json move add sub mul div mod neg not floor ceil abs sqrt min max "
  .. "band bor bxor bnot lshift rshift arshift if_lt if_le if_eq if_ne if_true jump label "
  .. "filter end set route bail"):gmatch("%S+") do
  CHEAP[op] = true
end

local function has_text(operand)
  return type(operand) == "table" and type(operand.k) == "string"
end

-- Whether a program does what is dear without it.
local function is_dear(program, nodes)
  local node
  for _, one in ipairs(program) do
    node = one.op == "stage" and nodes[one.stage + 1] or node
    if GATHERS[node.kind] then
      return true
    elseif one.op == "make" then
      if node.kind == "map" then
        return true
      end
    elseif not CHEAP[one.op] or one.op:find("^if_") and (has_text(one.a) or has_text(one.b)) then
      return true
    end
  end
  return false
end

local function computes(node)
  local found = GATHERS[node.kind] or false
  exprs.each(node, function(expr)
    found = found or expr.kind == "lambda" or expr.kind == "text"
  end)
  return found
end

-- Whether a stage looks as if it were not lifted.
local function seems_opaque(node)
  local opaque = NEVER_LIFTED[node.kind] or false
  exprs.each(node, function(expr)
    if expr.kind == "lambda" and not opaque then
      opaque = require("weir.expr.glance").seems_opaque(expr.fn)
    end
  end)
  return opaque
end

-- A look at the stages, since few chains are worth the analysis: a stage that may not be
-- lifted, as one that is serial, before one that computes, or many lambdas.
local function is_suspect(stages, last, serial)
  local opaque, lambdas = false, 0
  for i = 1, last do
    local node = stages[i].node
    lambdas = lambdas + (CALLS[node.kind] and 1 or 0)
    if opaque and computes(node) then
      return true
    end
    opaque = opaque or i == serial or seems_opaque(node)
  end
  return lambdas > LAMBDAS_MAX
end

local function nodes_of(stages, first, last)
  local nodes = {}
  for i = first, last do
    nodes[#nodes + 1] = stages[i].node
  end
  return nodes
end

-- The first stage whose lambda is one too many for a trace.
local function outgrown(stages, first, last, may)
  local lambdas = 0
  for i = first, last do
    lambdas = lambdas + (CALLS[stages[i].node.kind] and 1 or 0)
    if lambdas > LAMBDAS_MAX and may(i) then
      return i
    end
  end
end

-- The stage from which on lifting pays again, behind one that is not lifted.
local function worth_lifting(stages, first, last, options, may)
  for i = first, last do
    local nodes = nodes_of(stages, i, last)
    local chain = may(i) and lift().chain(nodes, options)
    if chain and chain.count > 0 and is_dear(chain.program, nodes) then
      return i
    end
  end
end

-- The first stage of a second part of stages 1 to last, for the sake of lifting or of what
-- is not lifted.
local function second(stages, last, options, may)
  local done = lift().chain(nodes_of(stages, 1, last), options).count
  local again = worth_lifting(stages, math.max(done, 1) + 1, last, options, may)
  return outgrown(stages, done + 1, again and again - 1 or last, may) or again
end

-- Groups of stages' lambdas that reach the same variable or table: a record must go
-- through all of them before the next one does. By group, its first and last stage.
local function spans(stages)
  local list, of_fn, fns = {}, {}, {}
  for i, stage in ipairs(stages) do
    exprs.each(stage.node, function(expr)
      if expr.kind == "lambda" then
        fns[#fns + 1] = expr.fn
        of_fn[expr.fn] = of_fn[expr.fn] or { i }
        table.insert(of_fn[expr.fn], i)
      end
    end)
  end
  for _, group in ipairs(fns[1] and require("weir.expr.purity").shares(fns) or {}) do
    local at = {}
    for _, fn in ipairs(group) do
      at[#at + 1], at[#at + 2] = of_fn[fn][1], of_fn[fn][#of_fn[fn]]
    end
    list[#list + 1] = { first = math.min(unpack(at)), last = math.max(unpack(at)) }
  end
  return list
end

-- What a take does not want must not be computed: it might fail.
local function last_take(stages)
  for i = #stages, 1, -1 do
    if stages[i].node.kind == "take" then
      return i
    end
  end
  return 0
end

local function leaves_few(stages, before)
  for i = 1, before - 1 do
    if LEAVES_FEW[stages[i].node.kind] then
      return true
    end
  end
  return false
end

-- Says whether a stage may begin a second part.
local function permission(stages, take)
  local apart = spans(stages)
  return function(at)
    for _, span in ipairs(apart) do
      if span.first < at and at <= span.last then
        return false
      end
    end
    return at > take
  end
end

--- For the chains of a graph.
---@return fun(stages: table[], serial: integer?): integer?
function M.of(graph)
  local options
  return function(stages, serial)
    local take = last_take(stages)
    local apart = serial and serial > take and leaves_few(stages, serial) and serial or nil
    local last = apart and apart - 1 or #stages
    if not is_suspect(stages, last, serial) then
      return apart
    end
    options = options or require("weir.plan.lifts").options(graph)
    return second(stages, last, options, permission(stages, take)) or apart
  end
end

return M
