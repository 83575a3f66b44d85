--- sort and top at work: keep records by what orders them, and write them at the end.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local finish = require("weir.run.finish")
local keys = require("weir.run.keys")
local record = require("weir.native.record")
local values = require("weir.run.values")

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/data/line.h",
  "engine/data/value.h", "engine/op/order.h", "engine/op/record.h", "engine/op/rows.h",
  "engine/op/strip.h", "engine/sched/run.h", "engine/state/groups.h")

local M = {}

local rows = record.rows

local function raise(code, message)
  error({ code = code, message = message }, 0)
end

local function new_order(node, limit, ties)
  local descending = ffi.new("uint32_t[?]", #node.by)
  for i, by in ipairs(node.by) do
    descending[i - 1] = by.descends and 1 or 0
  end
  local options = ffi.new("weir_order_options")
  options.key_count, options.descending = #node.by, descending
  options.limit, options.ties = limit, ties and 1 or 0
  options.max_records = node.max_records or 0
  local out = ffi.new("weir_order *[1]")
  local rc = C.weir_order_new(out, options)
  if rc ~= 0 then
    error(("%s: %s"):format(node.where, ffi.string(C.weir_err_text(rc))), 0)
  end
  return ffi.gc(out[0], C.weir_order_free)
end

-- What keeps a strip of records in the order, where the stage is lifted.
local function new_gather(node)
  local kinds = ffi.new("uint32_t[?]", #node.by)
  for i = 1, #node.by do
    kinds[i - 1] = C.WEIR_GROUP_MIN
  end
  local gather = ffi.gc(C.weir_gather_new(kinds, #node.by, 0), C.weir_gather_free)
  for i = 1, #(node.key or {}) do
    C.weir_gather_key(gather, tostring(i), #tostring(i))
  end
  return gather
end

local function bind(node, limit, ties)
  local bound = { by = {}, anchors = {}, at = 0, max_records = node.max_records }
  local exprs = {}
  for i, by in ipairs(node.by) do
    bound.by[i], exprs[i] = values.prepare(by.expr), by.expr
  end
  for _, expr in ipairs(node.key or {}) do
    exprs[#exprs + 1] = expr
  end
  bound.record = values.giver(exprs)
  bound.values = ffi.new("weir_value[?]", #node.by)
  bound.row = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  bound.order = new_order(node, limit, ties)
  bound.gather = new_gather(node)
  return bound
end

function M.bind_sort(node)
  return bind(node, 0, false)
end

function M.bind_top(node)
  local bound = bind(node, node.n, node.ties)
  keys.bind_exprs(bound, node.key or {})
  bound.into = record.field(node.into)
  return bound
end

local row, group = ffi.new("weir_slice"), ffi.new("weir_slice")

--- Keeps the record of a slot with what orders it.
function M.add(bound, slot)
  local handle = bound.record(slot)
  for i, expr in ipairs(bound.by) do
    bound.anchors[i] = values.read(expr, handle, bound.values[i - 1])
    values.check_orderable(bound.values[i - 1])
  end
  group.size = 0
  if bound.keys and #bound.keys > 0 then
    keys.write(bound, handle)
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

local cursor = ffi.new("uint64_t[1]")

local function write_rows(bound, out, at, full_bytes)
  local rc
  if bound.into then
    cursor[0] = at + 1
    rc = write_ranked(bound, out, C.weir_order_row(bound.order, at),
      tonumber(C.weir_order_rank(bound.order, at)))
  else
    cursor[0] = at
    rc = C.weir_order_write(bound.order, cursor, full_bytes, out)
  end
  if rc ~= 0 then
    raise(rc)
  end
  return tonumber(cursor[0])
end

--- Writes the rows in their order; top also their rank.
function M.finish(run)
  return function(bound, index)
    if not bound.ordered then
      bound.ordered = true
      if C.weir_order_finish(bound.order) ~= 0 then
        raise(C.WEIR_ENOMEM)
      end
    end
    local count = tonumber(C.weir_order_count(bound.order))
    return finish.write(run, index, bound, count, write_rows)
  end
end

return M
