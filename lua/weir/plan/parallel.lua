--- Which segments several workers may compute at once, and why others may not.
--
--     local look = parallel.of(graph)
--     look(stages)  --> true, or false, the reason and the first such stage:
--                   --> false, "take counts records", 3
--
-- Workers have a state each, so what a stage remembers from record to record must not
-- matter: each batch is computed by itself, and goes on in the order of the input. What
-- an aggregate gathers is added up batch by batch.

local exprs = require("weir.plan.exprs")

local M = {}

local REMEMBERS = {
  take = "take counts records",
  skip = "skip counts records",
  sort = "sort gathers all records",
  top = "top gathers all records",
  dedup = "dedup remembers keys",
  throttle = "throttle counts records",
  map_async = "map_async has records of several batches under way",
  source = "the script makes its records one after the other",
}

-- What an aggregate does with a record that finds no room depends on all before it.
local function of_aggregate(stage)
  local on_error = stage.on_error
  if on_error == "skip" or type(on_error) == "table" then
    return "aggregate goes on without the records that find no room in its groups"
  end
end

local function of_split(node)
  if not node.expr and not node.key then
    return "split deals records in turn"
  end
end

local function of_sample(node)
  return not node.key and "sample counts records" or nil
end

local function of_exprs(stage, functions)
  local reason
  local function look(expr)
    if expr.kind == "lambda" and not reason then
      local purity = require("weir.expr.purity") -- texts alone do without it
      local pure, why = purity.of(expr.fn, functions)
      reason = not pure and ("the function at %s %s"):format(expr.where or stage.node.where, why)
    end
  end
  exprs.each(stage.node, look)
  if type(stage.on_error) == "table" then
    look(stage.on_error)
  end
  return reason
end

local BY_KIND = { split = of_split, sample = of_sample }

local function of_stage(stage, functions)
  local node = stage.node
  if REMEMBERS[node.kind] then
    return REMEMBERS[node.kind]
  elseif node.kind == "aggregate" and of_aggregate(stage) then
    return of_aggregate(stage)
  elseif BY_KIND[node.kind] and BY_KIND[node.kind](node) then
    return BY_KIND[node.kind](node)
  elseif node.parallel == false then
    return ("%s: parallel = false"):format(node.where)
  elseif not node.parallel then
    return of_exprs(stage, functions)
  end
end

local function has_lambda(graph)
  local found = false
  for _, node in ipairs(graph.nodes) do
    exprs.each(node, function(expr)
      found = found or expr.kind == "lambda"
    end)
  end
  return found
end

-- Every function that may run after loading, if a stage has one: what one reads another
-- may change.
---@param graph table
function M.functions(graph)
  return has_lambda(graph) and require("weir.expr.purity").functions(graph) or {}
end

--- Whether several workers may compute a segment of a graph.
---@param graph table
---@return fun(stages: table): boolean, string?, integer?  why not, for people; and where
function M.of(graph)
  local functions = M.functions(graph)
  return function(stages)
    for i, stage in ipairs(stages) do
      local reason = of_stage(stage, functions)
      if reason then
        return false, reason, i
      end
    end
    return true
  end
end

return M
