--- What each kind of stage becomes in a program.
--
--     stages[kind](b, node)     for the paths that reach it; leaves b.state for those that
--                               go on, nil if none does
--
-- Each stage begins with STAGE, where all paths of the one before meet.

local Builder = require("weir.expr.lift.builder")
local expr = require("weir.expr.lift.expr")

local M = {}

local NIL, constant = Builder.NIL, Builder.constant
local refuse = Builder.refuse

local function drop(b)
  if b.state then
    b:emit({ op = "filter", a = { k = false } })
    b.state = nil
  end
end

-- A lambda's value is tested where it returns: most returns are constants.
local function filter_lambda(b, node)
  local past = b.label()
  expr.returns(b, node.expr.fn, function(value)
    local known = b.truth(value, true)
    if known == true then
      b:leave(past, { op = "end" })
    elseif known == false then
      drop(b)
    else
      b:leave(past, { op = "filter", a = b:operand(value) })
    end
  end)
  b:meet(past)
end

function M.filter(b, node)
  b.frozen = true
  if node.expr.kind == "lambda" then
    return filter_lambda(b, node)
  end
  local past, dropped = b.label(), b.label()
  expr.condition(b, node.expr, dropped)
  if b.state then
    b:leave(past, { op = "end" })
  end
  b:place(dropped)
  drop(b)
  b:meet(past)
end

local function sorted_names(edges)
  local names, seen = {}, {}
  for _, edge in ipairs(edges) do
    for name in pairs(edge.names) do
      if not seen[name] then
        names[#names + 1], seen[name] = name, true
      end
    end
  end
  table.sort(names)
  return names
end

-- The record becomes one of these fields; `values` as the builder knows them.
local function make(b, names, values)
  local operands, fields = {}, {}
  for i, name in ipairs(names) do
    operands[i] = values[i].json or b:operand(values[i])
    fields[name] = values[i].value or not values[i].json and values[i] or nil
  end
  b:emit({ op = "make", names = names, values = operands })
  local state = b.state
  state.shape, state.fields = names, fields
end

-- Tables that a map returns, in whatever branch, are one shape: what a branch leaves
-- out is absent there.
local function make_returned(b, returned)
  local names = sorted_names(returned.edges)
  b:place(returned)
  local values = {}
  for i, name in ipairs(names) do
    values[i] = b.state.slots["returned " .. name] or NIL
  end
  make(b, names, values)
end

function M.map(b, node)
  b.frozen = false
  local past, returned = b.label(), b.label()
  expr.returns(b, node.expr.fn, function(value)
    if value.record or value.constant and value.k == nil then
      return b:leave(past, { op = "end" })
    elseif not value.made then
      b:refuse("returns what may be no table made here")
    end
    local names = b:members(value.made)
    for name in pairs(names) do
      if type(name) == "number" then
        b:refuse("returns a list")
      end
      local member = b:stored(b:member(value.made, name))
      b.state.slots["returned " .. name] = member
    end
    b:jump(returned)
    returned.edges[#returned.edges].names = names
  end)
  if #returned.edges > 0 then
    make_returned(b, returned)
    b:leave(past, { op = "end" })
  end
  b:meet(past)
end

local function finish(b)
  local past = b.label()
  b:leave(past, { op = "end" })
  b:meet(past)
end

local function values_of(b, columns)
  local values = {}
  for i, column in ipairs(columns) do
    values[i] = expr.value(b, column.expr)
    if not b.state then
      refuse("always raises an error")
    end
    values[i] = b:settled(values[i]) -- before anything is set
  end
  return values
end

function M.set(b, node)
  b.frozen = true
  local computed = {}
  for _, column in ipairs(node.columns) do
    if column.expr.kind ~= "field" then
      computed[#computed + 1] = column
    end
  end
  local values, copies, at = values_of(b, computed), {}, 0
  for i, column in ipairs(node.columns) do
    copies[i] = column.expr.kind == "field" and { b:bytes(column.expr.name) } or nil
  end
  b.frozen = false
  for i, column in ipairs(node.columns) do
    if copies[i] then
      b:assign_bytes(column.name, unpack(copies[i], 1, 2))
    else
      at = at + 1
      b:assign(column.name, values[at])
    end
  end
  finish(b)
end

-- Several streams are one already when they get here.
M.merge = finish
M.subscribe = finish

function M.publish(b, node)
  if node.groups then
    refuse("computes a topic")
  end
  finish(b)
end

function M.drop_fields(b, node)
  b.frozen = false
  for _, name in ipairs(node.fields) do
    b:assign(name, NIL)
  end
  finish(b)
end

function M.select(b, node)
  b.frozen = true
  local fields, computed, seen = {}, {}, {}
  for _, column in ipairs(node.columns) do
    if seen[column.name] then
      refuse("names %s twice", column.name)
    end
    seen[column.name] = true
    table.insert(column.expr.kind == "field" and fields or computed, column)
  end
  local values, names = {}, {}
  for i, value in ipairs(values_of(b, computed)) do
    values[#fields + i], names[#fields + i] = value, computed[i].name
  end
  for i, column in ipairs(fields) do
    local json, known = b:bytes(column.expr.name)
    values[i], names[i] = { json = json, value = known }, column.name
  end
  make(b, names, values)
  finish(b)
end

function M.route(b, node)
  b.frozen = true
  if node.all then
    refuse("may go to several streams")
  end
  for i, route in ipairs(node.routes) do
    local past = b.label()
    expr.condition(b, route.when, past)
    if b.state then
      b:emit({ op = "route", port = i - 1 })
      b.state = nil
    end
    b:place(past)
    if not b.state then
      return
    end
  end
  b:emit({ op = "route", port = #node.routes })
  b.state = nil
end

function M.priority(b, node)
  if node.expr then
    refuse("computes a class")
  end
  finish(b)
end

function M.split(b, node)
  if not node.expr then
    refuse("deals records out")
  end
  M.route(b, { routes = { { when = node.expr } } })
end

-- What an aggregate adds: its value where its condition holds, nothing elsewhere.
local function addition(b, aggregate)
  local without, done, key = b.label(), b.label(), {}
  if aggregate.where then
    expr.condition(b, aggregate.where, without)
  end
  if b.state then
    local value = aggregate.expr and expr.value(b, aggregate.expr) or constant(true)
    if b.state then
      b.state.slots[key] = value
      b:jump(done)
    end
  end
  b:place(without)
  if b.state then
    b.state.slots[key] = NIL
  end
  b:place(done)
  if not b.state then
    refuse("always raises an error")
  end
  return b.state.slots[key]
end

local function give(b, operands)
  for i, operand in ipairs(operands) do
    b:emit({ op = "give", column = i - 1, a = operand })
  end
  finish(b)
end

function M.aggregate(b, node)
  b.frozen = true
  local operands = {}
  for i, value in ipairs(values_of(b, node.keys)) do
    operands[i] = b:operand(value)
  end
  for _, column in ipairs(node.columns) do
    operands[#operands + 1] = b:operand(addition(b, column.aggregate))
  end
  give(b, operands)
end

-- What the limit of a top counts by, then what orders the records.
function M.sort(b, node)
  b.frozen = true
  local columns, operands = {}, {}
  for i, key in ipairs(node.key or {}) do
    columns[i] = { expr = key }
  end
  for _, by in ipairs(node.by) do
    columns[#columns + 1] = by
  end
  for i, value in ipairs(values_of(b, columns)) do
    operands[i] = b:operand(value)
  end
  give(b, operands)
end

M.top = M.sort

return M
