--- Stages that see the whole input before they speak: aggregate, sort, top; and the
-- shares of a split, which also go by key.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local lambda = require("weir.run.lambda")
local null = require("weir.lib.null").null
local record = require("weir.native.record")

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/base/hash.h",
  "engine/data/line.h", "engine/data/value.h", "engine/op/order.h", "engine/op/record.h",
  "engine/op/rows.h", "engine/sched/run.h", "engine/state/groups.h")

local M = {}

local rows = record.rows
local TEXT, OBJECT, ARRAY = C.WEIR_TEXT, C.WEIR_OBJECT, C.WEIR_ARRAY

local DONE, FULL = 0, 2
local MADE = 0
local KINDS = 6
local GROUP = { count = 0, sum = 1, avg = 2, min = 3, max = 4, first = 5, last = 6 }
local NUMERIC = { sum = true, avg = true }
local ORDERED = { min = true, max = true }

local function raise(code, message)
  error({ code = code, message = message }, 0)
end

local function new_buf()
  return ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
end

local function holds(value)
  return value ~= nil and value ~= false and value ~= null
end

-- Reads the value of an expression for the record into `out`; gives what must stay
-- alive as long as `out` is used.
local function evaluate(expr, handle, out)
  local anchor
  if expr.kind == "field" then
    local kind = C.weir_record_get(rows, handle, expr.field, out)
    if kind < 0 then
      raise(kind)
    elseif kind == OBJECT or kind == ARRAY then
      record.value(record.nested(out), out)
    end
  else
    anchor = expr.fn(handle)
    record.value(anchor, out)
  end
  -- Text of records and tables lives until the next one is read.
  if out.kind >= TEXT and type(anchor) ~= "string" then
    anchor = ffi.string(out.text, out.size)
    out.text = anchor
  end
  return anchor
end

local function prepare(expr)
  if expr.kind == "field" then
    expr.field = record.field(expr.name)
  end
  return expr
end

local function giver(exprs)
  local items = {}
  for i, expr in ipairs(exprs) do
    items[i] = { expr = expr }
  end
  return lambda.bind_all(items)
end

-- --- keys

-- Appends `"name":value` for each column; missing is null, so that it groups with it.
local function write_key(bound, handle, buf)
  buf.size = 0
  local value = bound.key_value
  for i, column in ipairs(bound.keys) do
    local anchor = evaluate(column.expr, handle, value)
    C.weir_buf_append(buf, column.prefix, #column.prefix)
    if value.kind == C.WEIR_ABSENT then
      value.kind = C.WEIR_NULL
    end
    C.weir_value_write(buf, value)
    bound.anchor[i] = anchor
  end
end

local function quoted(name)
  local buf = new_buf()
  C.weir_write_text(buf, name, #name)
  return ffi.string(buf.bytes, buf.size)
end

local function bind_keys(bound, columns)
  bound.key_value = ffi.new("weir_value")
  bound.key, bound.anchor, bound.keys = new_buf(), {}, {}
  for i, column in ipairs(columns) do
    bound.keys[i] = {
      expr = prepare(column.expr),
      prefix = (i > 1 and "," or "") .. quoted(column.name or tostring(i)) .. ":",
    }
  end
end

-- --- split(n)

function M.share(node)
  local bound = { count = node.count, next = 0 }
  if node.key then
    local columns = {}
    for i, expr in ipairs(node.key) do
      columns[i] = { expr = expr }
    end
    bind_keys(bound, columns)
    bound.record = giver(node.key)
  end
  return bound
end

--- The port that a record goes to: by the hash of its key, or in turn.
function M.share_of(bound, slot)
  if not bound.keys then
    bound.next = bound.next + 1
    return (bound.next - 1) % bound.count
  end
  write_key(bound, bound.record(slot), bound.key)
  return tonumber(C.weir_hash(bound.key.bytes, bound.key.size) % bound.count)
end

-- --- aggregate

function M.aggregate(node)
  local count = #node.columns
  local kinds = ffi.new("uint32_t[?]", math.max(1, count))
  local values = ffi.new("weir_value[?]", math.max(1, count))
  local bound = { columns = {}, kinds = kinds, values = values }
  local exprs = {}
  for i, column in ipairs(node.columns) do
    local aggregate = column.aggregate
    kinds[i - 1] = GROUP[aggregate.kind]
    bound.columns[i] = {
      name = column.name,
      expr = aggregate.expr and prepare(aggregate.expr),
      where = aggregate.where,
      numeric = NUMERIC[aggregate.kind],
      ordered = ORDERED[aggregate.kind],
      prefix = quoted(column.name) .. ":",
    }
    exprs[#exprs + 1] = aggregate.expr
    exprs[#exprs + 1] = aggregate.where
  end
  for _, column in ipairs(node.keys) do
    exprs[#exprs + 1] = column.expr
  end
  bind_keys(bound, node.keys)
  bound.record = giver(exprs)
  bound.groups = ffi.gc(C.weir_groups_new(kinds, count, node.max_keys or 0), C.weir_groups_free)
  bound.max_keys = node.max_keys
  bound.group_at = 0
  return bound
end

local function check_numeric(column, value)
  local kind = value.kind
  if kind == C.WEIR_TEXT or kind == C.WEIR_TRUE or kind == C.WEIR_FALSE or kind == C.WEIR_OBJECT
    or kind == C.WEIR_ARRAY then
    raise(C.WEIR_ETYPE, ('"%s" needs numbers, and its value is %s'):format(column.name,
      kind == C.WEIR_TEXT and "text; give types or infer = true" or "no number"))
  end
end

local function check_orderable(value)
  local kind = value.kind
  if kind == C.WEIR_OBJECT or kind == C.WEIR_ARRAY then
    raise(C.WEIR_ETYPE, "cannot order by a table")
  elseif kind == C.WEIR_NUMBER and value.number ~= value.number then
    raise(C.WEIR_ETYPE, "cannot order by NaN")
  end
end

-- All values are known, and known to fit, before a group is made for them.
local function read_values(bound, handle)
  for i, column in ipairs(bound.columns) do
    local value = bound.values[i - 1]
    if column.where and not holds(column.where.fn(handle)) then
      value.kind = C.WEIR_ABSENT
    elseif not column.expr then
      value.kind = C.WEIR_TRUE
    else
      bound.anchor[-i] = evaluate(column.expr, handle, value)
      if column.numeric then
        check_numeric(column, value)
      elseif column.ordered then
        check_orderable(value)
      end
    end
  end
end

local wrong_slot = ffi.new("uint32_t[1]")

--- Adds the record of a slot to its group.
function M.aggregate_add(bound, slot)
  local handle = bound.record(slot)
  write_key(bound, handle, bound.key)
  read_values(bound, handle)
  local id = C.weir_groups_key(bound.groups, bound.key.bytes, bound.key.size)
  if id < 0 then
    raise(tonumber(id), id == C.WEIR_EFULL
      and ("more than max_keys = %d groups"):format(bound.max_keys) or nil)
  end
  local rc = C.weir_groups_add(bound.groups, id, bound.values, wrong_slot)
  if rc ~= 0 then
    raise(rc)
  end
end

local function write_group(bound, out, id)
  local start = out.bytes.size
  local key = C.weir_groups_key_text(bound.groups, id)
  C.weir_buf_byte(out.bytes, 0x7b)
  C.weir_buf_append(out.bytes, key.bytes, key.size)
  for i, column in ipairs(bound.columns) do
    if i > 1 or key.size > 0 then
      C.weir_buf_byte(out.bytes, 0x2c)
    end
    C.weir_buf_append(out.bytes, column.prefix, #column.prefix)
    C.weir_groups_write(bound.groups, id, i - 1, out.bytes)
  end
  C.weir_buf_byte(out.bytes, 0x7d)
  if C.weir_line_end(out, start) ~= 0 then
    raise(C.WEIR_ENOMEM)
  end
end

--- Writes one record a group, in order of first appearance; without keys there is
-- always one.
function M.aggregate_finish(run)
  return function(bound, index)
    local out = run.out[0]
    if #bound.keys == 0 then
      C.weir_groups_key(bound.groups, "", 0)
    end
    local count = tonumber(C.weir_groups_count(bound.groups))
    while bound.group_at < count do
      write_group(bound, out, bound.group_at)
      bound.group_at = bound.group_at + 1
      run.counts[index * KINDS + MADE] = run.counts[index * KINDS + MADE] + 1
      if out.bytes.size >= run.limits.out_bytes then
        return FULL
      end
    end
    return DONE
  end
end

-- --- sort and top

local function order(node, limit, ties)
  local bound = { by = {}, anchors = {}, row = new_buf(), at = 0 }
  local descending = ffi.new("uint32_t[?]", #node.by)
  local exprs = {}
  for i, by in ipairs(node.by) do
    bound.by[i] = prepare(by.expr)
    descending[i - 1] = by.descends and 1 or 0
    exprs[i] = by.expr
  end
  bound.values = ffi.new("weir_value[?]", #node.by)
  local options = ffi.new("weir_order_options")
  options.key_count, options.descending = #node.by, descending
  options.limit, options.ties = limit, ties and 1 or 0
  options.max_records = node.max_records or 0
  bound.max_records = node.max_records
  local out = ffi.new("weir_order *[1]")
  local rc = C.weir_order_new(out, options)
  if rc ~= 0 then
    error(("%s: %s"):format(node.where, ffi.string(C.weir_err_text(rc))), 0)
  end
  bound.order = ffi.gc(out[0], C.weir_order_free)
  for _, expr in ipairs(node.key or {}) do
    exprs[#exprs + 1] = expr
  end
  bound.record = giver(exprs)
  return bound
end

function M.sort(node)
  return order(node, 0, false)
end

function M.top(node)
  local bound = order(node, node.n, node.ties)
  local columns = {}
  for i, expr in ipairs(node.key or {}) do
    columns[i] = { expr = expr }
  end
  bind_keys(bound, columns)
  bound.into = record.field(node.into)
  return bound
end

local row, group = ffi.new("weir_slice"), ffi.new("weir_slice")

--- Keeps the record of a slot with what orders it.
function M.order_add(bound, slot)
  local handle = bound.record(slot)
  for i, expr in ipairs(bound.by) do
    bound.anchors[i] = evaluate(expr, handle, bound.values[i - 1])
    check_orderable(bound.values[i - 1])
  end
  group.size = 0
  if bound.keys and #bound.keys > 0 then
    write_key(bound, handle, bound.key)
    group.bytes, group.size = bound.key.bytes, bound.key.size
  end
  bound.row.size = 0
  local rc = C.weir_rows_text(rows, slot, bound.row)
  if rc == 0 then
    row.bytes, row.size = bound.row.bytes, bound.row.size
    rc = C.weir_order_add(bound.order, bound.values, row, group)
  end
  if rc ~= 0 then
    raise(rc, rc == C.WEIR_EFULL
      and ("more than max_records = %d records"):format(bound.max_records) or nil)
  end
end

local function write_ranked(bound, out, best, rank)
  local rc = C.weir_rows_open_text(rows, 0, best.bytes, best.size, -1)
  if rc == 0 then
    C.weir_rows_enter(rows, 0, 0)
    rc = C.weir_record_set_number(rows, C.weir_rows_slot(rows, 0), bound.into, rank)
  end
  if rc == 0 then
    rc = C.weir_rows_write(rows, 0, out)
  end
  return rc
end

--- Writes the rows in their order; top also their rank.
function M.order_finish(run)
  return function(bound, index)
    local out = run.out[0]
    if not bound.ordered then
      bound.ordered = true
      if C.weir_order_finish(bound.order) ~= 0 then
        raise(C.WEIR_ENOMEM)
      end
    end
    local count = tonumber(C.weir_order_count(bound.order))
    while bound.at < count do
      local best = C.weir_order_row(bound.order, bound.at)
      local rc
      if bound.into then
        rc = write_ranked(bound, out, best, tonumber(C.weir_order_rank(bound.order, bound.at)))
      else
        rc = C.weir_line_add(out, best.bytes, best.size)
      end
      if rc ~= 0 then
        raise(rc)
      end
      bound.at = bound.at + 1
      run.counts[index * KINDS + MADE] = run.counts[index * KINDS + MADE] + 1
      if out.bytes.size >= run.limits.out_bytes then
        return FULL
      end
    end
    return DONE
  end
end

return M
