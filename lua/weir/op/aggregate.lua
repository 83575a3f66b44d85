--- aggregate: makes one record of each group.

local fold = require("weir.op.fold")
local model = require("weir.op.model")
local null = require("weir.lib.null").null

local M = {
  kind = "aggregate",
  usage = ":aggregate{ hits = weir.count() }",
  arguments = { { name = "columns", kind = "aggregates" } },
  options = {
    max_keys = { kind = "integer", min = 1 },
    max_state = { kind = "size" },
  },
  sides = { "dead" },
  stateful = true,
  ends_group = true,
}

function M.subject(node)
  local names = {}
  for i, column in ipairs(node.keys) do
    names[i] = column.name
  end
  return #names > 0 and table.concat(names, ",") or nil
end

--- A group's columns come first in its record, so no aggregate may take their names.
function M.complete(node, refuse)
  local keys = {}
  for _, column in ipairs(node.keys) do
    keys[column.name] = true
  end
  for _, column in ipairs(node.columns) do
    if keys[column.name] then
      refuse('"%s" is a column of group_by already; name the aggregate otherwise', column.name)
    end
  end
end

local function exprs(columns)
  local out = {}
  for i, column in ipairs(columns) do
    out[i] = column.expr
  end
  return out
end

local function new_group(node, row)
  local group = { record = {}, states = {} }
  for _, column in ipairs(node.keys) do
    local value = column.expr.fn(row)
    group.record[column.name] = value == nil and null or value
  end
  for i, column in ipairs(node.columns) do
    group.states[i] = fold[column.aggregate.kind].init()
  end
  return group
end

-- What a record would add to each column; all are known before any is added, so that a
-- failing one adds nothing.
local function additions(node, group, row)
  local out = {}
  for i, column in ipairs(node.columns) do
    local aggregate = column.aggregate
    if not aggregate.where or model.holds(aggregate.where.fn(row)) then
      local value = not aggregate.expr or aggregate.expr.fn(row)
      if not model.is_none(value) then
        fold[aggregate.kind].add(model.copy(group.states[i]), value)
        out[i] = value
      end
    end
  end
  return out
end

local function finished(node, groups)
  if #groups == 0 and #node.keys == 0 then
    groups[1] = new_group(node, {})
  end
  local rows = {}
  for g, group in ipairs(groups) do
    for i, column in ipairs(node.columns) do
      group.record[column.name] = fold[column.aggregate.kind].result(group.states[i])
    end
    rows[g] = group.record
  end
  return rows
end

function M.reference(rows, node)
  local groups, by_key = {}, {}
  local out = model.each(rows, node, function(row)
    local key = model.key(exprs(node.keys), row)
    local group = by_key[key] or new_group(node, row)
    local added = additions(node, group, row)
    if not by_key[key] then
      by_key[key], groups[#groups + 1] = group, group
    end
    for i, value in pairs(added) do
      fold[node.columns[i].aggregate.kind].add(group.states[i], value)
    end
  end)
  -- What on_error put in the place of failed records passes, ahead of the groups.
  for _, row in ipairs(finished(node, groups)) do
    out.out[#out.out + 1] = row
  end
  return out
end

M.doc = {
  name = "aggregate",
  group = "operators",
  signature = ":aggregate({ name = aggregate, ... }, { max_keys, max_state })",
  summary = "Makes one record of each group: its columns, then the aggregates by name."
    .. " Without group_by the whole stream is one group, and gives its record even if no record"
    .. " came. The input must end; groups come out in the order of their first records.",
  shape = "records -> one record a group",
  units = "max_state: bytes of all groups together.",
  errors = "A record that fails in one aggregate is set aside and counts in none. Above max_keys"
    .. " or max_state the run stops and says which limit was reached.",
  cost = "One entry a group is held until the end.",
  example = [[
weir.from "access.jsonl"
  :group_by("host")
  :aggregate{ hits = weir.count(), failed = weir.count{ where = "status >= 500" } }
  :to "hosts.jsonl"]],
  input = {
    { host = "a", status = 200 },
    { host = "b", status = 503 },
    { host = "a", status = 500 },
  },
  output = { { host = "a", hits = 2, failed = 1 }, { host = "b", hits = 1, failed = 1 } },
}

return M
