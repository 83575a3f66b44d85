--- Gives the generated function of a segment what it works with: the closures of the
-- script, fields, tables of groups, and the few functions that its stages share.

local cdef = require("weir.cdef")
local classes = require("weir.run.classes")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")
local lambda = require("weir.run.lambda")
local lifted = require("weir.run.lifted")
local make = require("weir.run.make")
local null = require("weir.lib.null").null
local record = require("weir.native.record")
local share = require("weir.run.share")

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/op/parse.h",
  "engine/op/record.h", "engine/op/rows.h", "engine/sched/run.h")

local M = {}

-- Turns of loops and calls that one call of a lambda may take: some 50 ms.
local FUEL_PER_CALL = 1e7

local function check(rc)
  if rc ~= 0 then
    error({ code = rc }, 0)
  end
end

local function holds(value)
  return value ~= nil and value ~= false and value ~= null
end

local columns = record.columns
local rows = record.rows

local binders = {}

function binders.filter(node)
  return lambda.bind(node.expr)
end

binders.map, binders.flat_map = binders.filter, binders.filter

-- What a tap changes is ignored, so it has a record of its own.
function binders.tap(node)
  return { fn = node.expr.fn, record = record.detach }
end

local function of_columns(node, passes)
  local bound = { columns = {}, names = {}, sources = {}, anchors = {} }
  local first = lambda.bind_all(node.columns)
  local fields = {}
  for i, column in ipairs(node.columns) do
    bound.columns[i] = column.expr.fn
    bound.names[i] = record.field(column.name)
    if column.expr.kind == "field" then
      bound.sources[i] = record.field(column.expr.name)
      fields[#fields + 1] = passes and { column.expr.name, column.name } or nil
    end
  end
  bound.record, bound.fields = first, columns(fields)
  return bound
end

function binders.set(node)
  return of_columns(node, false)
end

function binders.select(node)
  return of_columns(node, true)
end

function binders.rename(node)
  local list = {}
  for i, field in ipairs(node.fields) do
    list[i] = { field.old, field.new }
  end
  return { fields = columns(list) }
end

function binders.drop_fields(node)
  local list = {}
  for i, name in ipairs(node.fields) do
    list[i] = { name, name }
  end
  return { fields = columns(list) }
end

function binders.take(node)
  return { left = node.count }
end

binders.skip = binders.take

function binders.merge()
  return {}
end

binders.subscribe = binders.merge

function binders.publish(node, run)
  return node.groups and require("weir.run.publish").bind(node, run) or {}
end

binders.priority = classes.bind

function binders.source(node)
  return make.bind(node.source)
end

function binders.parse(node)
  local options = ffi.new("weir_parse_options")
  options.field, options.into = node.field, node.into
  options.keep_field = node.keep_field and 1 or 0
  local parse = C.weir_parse_new(codecs.decoder(node.codec), options)
  return { parse = ffi.gc(parse, C.weir_parse_free), field = node.field }
end

function binders.route(node)
  local bound = { rules = {} }
  local exprs = {}
  for i, route in ipairs(node.routes) do
    bound.rules[i] = route.when.fn
    exprs[i] = { expr = route.when }
  end
  bound.record = lambda.bind_all(exprs)
  return bound
end

function binders.split(node)
  if node.expr then
    return lambda.bind(node.expr)
  end
  return share.bind(node)
end

function binders.sample(node)
  return share.bind(node)
end

function binders.dedup(node)
  return require("weir.run.recent").bind(node)
end

function binders.throttle(node, run, stage)
  return require("weir.run.buckets").bind(node, run, stage)
end

-- Most segments gather nothing and load none of these.
local GATHERED_BY = {
  aggregate = "weir.run.aggregate",
  sort = "weir.run.order",
  top = "weir.run.order",
}

function binders.aggregate(node, run)
  return require(GATHERED_BY.aggregate).bind(node, run)
end

function binders.sort(node)
  return require(GATHERED_BY.sort).bind_sort(node)
end

function binders.top(node)
  return require(GATHERED_BY.top).bind_top(node)
end

local function add_gathering(data, kind, run)
  local by = require(GATHERED_BY[kind])
  data[kind .. "_add"], data[kind .. "_finish"] = by.add, by.finish(run)
end

local column = ffi.new("uint32_t[1]")

local function shared(run, clock)
  return {
    C = C,
    rows = rows,
    run = run,
    counts = run.counts,
    fuel = fuel.cell,
    FUEL = FUEL_PER_CALL,
    FULL_BYTES = run.limits.out_bytes,
    pending = {},
    holds = holds,
    check = check,
    put = lambda.put,
    keep = lambda.keep,
    copy = lambda.copy,
    take_map = lambda.take_map,
    items = lambda.items,
    open_item = function(slot, text)
      check(C.weir_rows_open_text(rows, slot, text, #text, 0))
    end,
    parse = function(bound, slot)
      local rc = C.weir_parse_row(bound.parse, rows, slot, column)
      if rc ~= 0 then
        local reason = rc == C.WEIR_ETYPE and ('parse needs a text in "%s"'):format(bound.field)
          or nil
        error({ code = rc, column = column[0], message = reason }, 0)
      end
    end,
    share = share.of,
    picks = share.picks,
    class_of = classes.of,
    generate = make.generate(run, clock),
  }
end

--- Loads the source of a segment and binds it.
---@param task table
---@param run ffi.cdata*   weir_run of the segment
---@param source string    of weir.plan.emit
---@param clock ffi.cdata* weir_clock of the flow
function M.bind(task, run, source, clock)
  local data = shared(run, clock)
  for i, stage in ipairs(task.stages) do
    data[i] = binders[stage.node.kind](stage.node, run, stage)
    data[i].where = stage.node.where
    data[i].name = stage.node.name
    if stage.node.kind == "dedup" then
      data.meet = require("weir.run.recent").meet(clock)
    elseif stage.node.groups then
      data.publish = require("weir.run.publish").send
    elseif stage.node.kind == "throttle" then
      data.grants = require("weir.run.buckets").grants(clock)
    end
    if GATHERED_BY[stage.node.kind] then
      add_gathering(data, stage.node.kind, run)
    end
  end
  local settle
  data.walk, settle = lifted.bind(task, run, data)
  local chunk = assert(loadstring(source, "=segment:" .. task.name))
  local body, finish = chunk(data)
  local write = data.check
  return {
    rows = rows,
    run = run,
    body = body,
    finish = finish,
    pending = data.pending,
    settle = settle,
    data = data, -- what C points into lives as long as the segment
    keep = record.detach,
    replace = function(slot, value)
      lambda.become(slot, value)
      write(C.weir_rows_write(rows, slot, run.out[0]))
    end,
  }
end

return M
