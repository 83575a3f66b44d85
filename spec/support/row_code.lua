--- A chain of stages done by the row code, one record at a time: what lifted programs are
-- compared with.
--
--     row_code.run(nodes, json)
--         --> { filtered = stage } | { port = n | nil, json = text } | { problem = message }
--           | { given = { ... } }

local C = require("weir.cdef").load("engine/base/err.h", "engine/op/record.h",
  "engine/op/rows.h")
local lambda = require("weir.run.lambda")
local machine = require("spec.support.column_machine")
local null = require("weir.lib.null").null
local record = require("weir.native.record")

local M = {}

local rows = record.rows

local function holds(value)
  return value ~= nil and value ~= false and value ~= null
end

local function check(code)
  assert(code == 0, code)
end

local function enter(frozen)
  C.weir_rows_enter(rows, 0, frozen and 1 or 0)
end

local stages = {}

function stages.filter(node)
  enter(true)
  local bound = lambda.bind(node.expr)
  return not holds(bound.fn(bound.record(0)))
end

function stages.map(node)
  enter(false)
  local bound = lambda.bind(node.expr)
  lambda.take_map(bound, 0, bound.fn(bound.record(0)))
end

local function compute(columns)
  enter(true)
  local values = {}
  for i, column in ipairs(columns) do
    local bound = lambda.bind(column.expr)
    values[i] = lambda.keep(bound.fn(bound.record(0)))
  end
  enter(false)
  return values
end

local function store(columns, values)
  for i, column in ipairs(columns) do
    lambda.put(rows, 0, record.field(column.name), values[i])
  end
end

function stages.set(node)
  store(node.columns, compute(node.columns))
end

function stages.select(node)
  local passed, computed = {}, {}
  for _, column in ipairs(node.columns) do
    if column.expr.kind == "field" then
      passed[#passed + 1] = { column.expr.name, column.name }
    else
      computed[#computed + 1] = column
    end
  end
  local values = compute(computed)
  check(C.weir_rows_select(rows, 0, record.columns(passed)))
  store(computed, values)
end

function stages.drop_fields(node)
  local list = {}
  for i, name in ipairs(node.fields) do
    list[i] = { name, name }
  end
  enter(false)
  check(C.weir_rows_drop(rows, 0, record.columns(list)))
end

function stages.route(node)
  enter(true)
  for i, route in ipairs(node.routes) do
    local bound = lambda.bind(route.when)
    if holds(bound.fn(bound.record(0))) then
      return false, i - 1
    end
  end
  return false, #node.routes
end

function stages.aggregate(node)
  enter(true)
  local given = {}
  local function give(expr)
    local bound = lambda.bind(expr)
    given[#given + 1] = machine.plain(bound.fn(bound.record(0)))
  end
  for _, column in ipairs(node.keys) do
    give(column.expr)
  end
  for _, column in ipairs(node.columns) do
    local where, expr = column.aggregate.where, column.aggregate.expr
    local bound = where and lambda.bind(where)
    if bound and not holds(bound.fn(bound.record(0))) then
      given[#given + 1] = "nothing"
    elseif expr then
      give(expr)
    else
      given[#given + 1] = true
    end
  end
  return false, nil, given
end

local function run(nodes)
  local port, given
  for i, node in ipairs(nodes) do
    local out
    out, port, given = stages[node.kind](node)
    if out then
      return { filtered = i - 1 }
    end
  end
  return { port = port, given = given, json = tostring(record.slot(0)) }
end

--- Opens a record in slot 0.
function M.open(json)
  check(C.weir_rows_open_text(rows, 0, json, #json, -1))
  enter(false)
  return record.slot(0)
end

function M.run(nodes, json)
  M.open(json)
  local ok, outcome = pcall(run, nodes)
  if ok then
    return outcome
  end
  return { problem = type(outcome) == "table" and "code " .. tostring(outcome.code) or outcome }
end

return M
