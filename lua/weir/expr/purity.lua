--- May a lambda run in several states at once? Only if it is a function of its record:
-- it changes nothing but its record and tables made in the call, calls what is known
-- to be pure or can be followed, and reads nothing outside that may change.
--
--     purity.of(fn)             --> "pure", or nil and why not: "calls os.time at line 3"
--     purity.of(fn, all)        the same, knowing all functions that the script gave away
--     purity.functions(graph)   --> all functions that the script gave away
--     purity.quiet(all)         --> whether none of them may change a table outside
--     purity.remembers(fn)      --> what it changes outside, or nil
--     purity.shares(fns)        --> groups of functions that must share a state
--
-- Read from the bytecode, loops and closures included, and conservatively: what cannot be
-- known is no. A table outside may be read if nothing can change it. Without `all`, any
-- function of the script that changes some table might change this one.
--
-- Scripts must have been loaded, and have run, before.

local bytecode = require("weir.expr.bytecode")
local chunk = require("weir.expr.chunk")
local flow = require("weir.expr.purity.flow")
local frozen = require("weir.expr.frozen")
local nesting = require("weir.expr.nesting")
local twins = require("weir.expr.twins")

local M = {}

-- What may change a table outside, of all functions that may run.
local function changer(all)
  for _, fn in ipairs(all) do
    for _, problem in ipairs(flow.look(fn)) do
      if problem.severe then
        return problem.text
      end
    end
  end
end

local function gather(value, list, seen)
  if seen[value] or (type(value) ~= "table" and type(value) ~= "function") then
    return
  end
  seen[value] = true
  if type(value) == "function" then
    list[#list + 1] = twins.of(value) and value or nil
    return
  end
  for key, item in next, value do
    gather(key, list, seen)
    gather(item, list, seen)
  end
end

--- The functions of the script that stand anywhere in a graph.
---@param graph table
---@return function[]
function M.functions(graph)
  local list = {}
  gather(graph, list, {})
  return list
end

--- Whether no function may change a table that it did not make: then what stands in the
-- script's tables stays.
---@param all function[]  every function that may run after loading
function M.quiet(all)
  return not nesting.suspended() and changer(all) == nil
end

--- Whether a function may run in several states at once.
---@param fn function
---@param all function[]?  every function that may run after loading
---@return "pure"?
---@return string? reason
function M.of(fn, all)
  if not twins.of(fn) then
    return nil, "is no function of a script"
  end
  local problems, reads = flow.look(fn)
  if problems[1] then
    return nil, problems[1].text
  elseif reads and nesting.suspended() then
    return nil, ("reads the table `%s`, which a coroutine may still change"):format(reads)
  elseif reads then
    local reason = all and changer(all)
    if not all then
      reason = chunk.changes(debug.getfenv(fn))
    end
    if reason then
      return nil, ("reads the table `%s`, which something may change: it %s"):format(reads, reason)
    end
  end
  return "pure"
end

--- How a function changes something outside that it will see again; nil if it does not.
---@param fn function
---@return string?  "changes the variable `n` at line 4"
function M.remembers(fn)
  for _, problem in ipairs(twins.of(fn) and flow.look(fn) or {}) do
    if problem.remembers then
      return problem.text
    end
  end
end

-- Everything outside that a function reaches and that may change: variables, by their
-- identity, and tables.
local function reach(value, found, seen)
  if seen[value] or frozen.is(value) then
    return
  end
  if type(value) == "table" then
    seen[value], found[value] = true, true
    reach(debug.getmetatable(value), found, seen)
    for key, item in next, value do
      reach(key, found, seen)
      reach(item, found, seen)
    end
  elseif type(value) == "function" then
    seen[value] = true
    local code, home = twins.of(value)
    local index = 0
    local name = code and bytecode.upvalue_name(code, index)
    while name do
      local held, number = bytecode.upvalue(value, name)
      if chunk.assigns(home, name) then
        found[tostring(debug.upvalueid(value, number))] = true
      end
      reach(held, found, seen)
      index = index + 1
      name = bytecode.upvalue_name(code, index)
    end
  end
end

local function merge(groups, group)
  local kept = {}
  for _, other in ipairs(groups) do
    local meets = false
    for thing in pairs(group.things) do
      meets = meets or other.things[thing]
    end
    if meets then
      for _, fn in ipairs(other) do
        table.insert(group, fn)
      end
      for thing in pairs(other.things) do
        group.things[thing] = true
      end
    else
      kept[#kept + 1] = other
    end
  end
  kept[#kept + 1] = group
  return kept
end

--- Groups of functions that reach the same variable or table that may change; every
-- function is in one group.
---@param fns function[]
---@return function[][]
function M.shares(fns)
  local groups = {}
  for _, fn in ipairs(fns) do
    local things = {}
    reach(fn, things, {})
    groups = merge(groups, { fn, things = things })
  end
  for _, group in ipairs(groups) do
    group.things = nil
  end
  return groups
end

return M
