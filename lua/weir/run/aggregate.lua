--- aggregate at work: adds every record to its group, and writes the groups at the end.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local finish = require("weir.run.finish")
local keys = require("weir.run.keys")
local null = require("weir.lib.null").null
local values = require("weir.run.values")

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/data/line.h",
  "engine/data/value.h", "engine/op/strip.h", "engine/sched/run.h", "engine/state/groups.h",
  "engine/state/totals.h")

local M = {}

local GROUP = { count = 0, sum = 1, avg = 2, min = 3, max = 4, first = 5, last = 6 }
local NUMERIC = { sum = true, avg = true }
local ORDERED = { min = true, max = true }

local function raise(code, message)
  error({ code = code, message = message }, 0)
end

local function holds(value)
  return value ~= nil and value ~= false and value ~= null
end

local function bind_column(column)
  local aggregate = column.aggregate
  return {
    name = column.name,
    expr = aggregate.expr and values.prepare(aggregate.expr),
    where = aggregate.where,
    numeric = NUMERIC[aggregate.kind],
    ordered = ORDERED[aggregate.kind],
    prefix = keys.quoted(column.name) .. ":",
  }
end

local function kinds_of(node)
  local kinds = ffi.new("uint32_t[?]", math.max(1, #node.columns))
  for i, column in ipairs(node.columns) do
    kinds[i - 1] = GROUP[column.aggregate.kind]
  end
  return kinds
end

-- What adds a strip of records to the groups, where the stage is lifted.
local function new_gather(node)
  local gather = ffi.gc(C.weir_gather_new(kinds_of(node), #node.columns,
    node.max_state_bytes or 0), C.weir_gather_free)
  for _, column in ipairs(node.keys) do
    C.weir_gather_key(gather, column.name, #column.name)
  end
  return gather
end

--- What adds the batches of a stage up, in the order of the input, for the flow.
---@param node table
---@return ffi.cdata*  weir_merger
function M.merger(node)
  local options, kinds = ffi.new("weir_totals_options"), kinds_of(node)
  options.name, options.kinds, options.slot_count = node.name, kinds, #node.columns
  options.max_keys = node.max_keys or 0
  options.max_state_bytes = node.max_state_bytes or 0
  local merger = ffi.new("weir_merger")
  merger.context = C.weir_totals_new(options)
  merger.merge, merger.drop = C.weir_totals_merge, C.weir_totals_drop
  merger.free = C.weir_totals_free
  return merger
end

-- The groups that records are added to: of the batch at hand, or of everything. A batch may be
-- set aside for one that is more urgent.
local function groups_now(bound)
  local run = bound.run
  if bound.totals and (run.partial == nil or run.partial ~= bound.groups) then
    if run.partial == nil then
      run.partial = C.weir_totals_new_part(bound.totals)
    end
    bound.groups = ffi.cast("weir_groups *", run.partial)
  end
  return bound.groups
end

---@param run ffi.cdata*  weir_run; with a total, batches are added up by themselves
function M.bind(node, run)
  local count = #node.columns
  local bound = { columns = {}, at = 0, anchors = {}, run = run,
    groups_now = groups_now }
  bound.max_keys, bound.max_state_bytes = node.max_keys, node.max_state_bytes
  bound.values = ffi.new("weir_value[?]", math.max(1, count))
  bound.prefixes = ffi.new("weir_slice[?]", math.max(1, count))
  local exprs = {}
  for i, column in ipairs(node.columns) do
    bound.columns[i] = bind_column(column)
    bound.prefixes[i - 1].bytes = bound.columns[i].prefix
    bound.prefixes[i - 1].size = #bound.columns[i].prefix
    exprs[#exprs + 1] = column.aggregate.expr
    exprs[#exprs + 1] = column.aggregate.where
  end
  for _, column in ipairs(node.keys) do
    exprs[#exprs + 1] = column.expr
  end
  keys.bind(bound, node.keys)
  bound.record = values.giver(exprs)
  if run.total ~= nil then
    bound.totals = ffi.cast("weir_totals *", run.total)
  else
    bound.groups = ffi.gc(C.weir_groups_new(kinds_of(node), count, node.max_keys or 0),
      C.weir_groups_free)
  end
  bound.gather = new_gather(node)
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

-- All values are known, and known to fit, before a group is made for them.
local function read_values(bound, handle)
  for i, column in ipairs(bound.columns) do
    local value = bound.values[i - 1]
    if column.where and not holds(column.where.fn(handle)) then
      value.kind = C.WEIR_ABSENT
    elseif not column.expr then
      value.kind = C.WEIR_TRUE
    else
      bound.anchors[i] = values.read(column.expr, handle, value)
      if column.numeric then
        check_numeric(column, value)
      elseif column.ordered then
        values.check_orderable(value)
      end
    end
  end
end

local function check_room(bound, groups)
  local bytes = C.weir_groups_size_bytes(groups)
    + C.weir_groups_growth_bytes(groups, bound.key.bytes, bound.key.size, bound.values)
  if bytes > bound.max_state_bytes then
    raise(C.WEIR_EFULL, ("groups of more than max_state = %d bytes"):format(bound.max_state_bytes))
  end
end

local wrong_slot = ffi.new("uint32_t[1]")

--- Adds the record of a slot to its group.
function M.add(bound, slot)
  local handle = bound.record(slot)
  keys.write(bound, handle)
  read_values(bound, handle)
  local groups = bound:groups_now()
  if bound.max_state_bytes then
    check_room(bound, groups)
  end
  local id = C.weir_groups_key(groups, bound.key.bytes, bound.key.size)
  if id < 0 then
    raise(tonumber(id), id == C.WEIR_EFULL
      and ("more than max_keys = %d groups"):format(bound.max_keys) or nil)
  end
  local rc = C.weir_groups_add(groups, id, bound.values, wrong_slot)
  if rc ~= 0 then
    raise(rc)
  end
end

local cursor = ffi.new("uint64_t[1]")

local function write_groups(bound, out, at, full_bytes)
  cursor[0] = at
  if C.weir_groups_write_rows(bound.groups, bound.prefixes, cursor, full_bytes, out) ~= 0 then
    raise(C.WEIR_ENOMEM)
  end
  return tonumber(cursor[0])
end

--- Writes one record a group, in order of first appearance; without keys there is
-- always one.
function M.finish(run)
  return function(bound, index)
    if bound.totals then
      bound.groups = C.weir_totals_groups(bound.totals)
    end
    if #bound.keys == 0 then
      C.weir_groups_key(bound.groups, "", 0)
    end
    local count = tonumber(C.weir_groups_count(bound.groups))
    return finish.write(run, index, bound, count, write_groups)
  end
end

return M
