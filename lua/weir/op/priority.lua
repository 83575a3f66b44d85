--- priority: what is urgent comes first.
--
-- With a class the node has one port, with an expression one a class, which a merge brings
-- together: each class keeps its own order. `classes` are those of its ports.

local model = require("weir.op.model")
local options = require("weir.lib.options")
local priority = require("weir.lib.priority")

local M = {
  kind = "priority",
  usage = ':priority "high"',
  arguments = { { name = "of", kind = "priority_of" } },
  sides = { "dead" },
}

options.define("priority_of", function(value, _, where)
  if priority.OF[value] then
    return { class = priority.OF[value] }
  elseif value == nil then
    return nil, "a class of priority, or an expression that gives one"
  end
  return { expr = options.read(value, { kind = "expr" }, "priority: its argument", where) }
end)

function M.complete(node)
  node.expr = node.of.expr
  node.classes = node.expr and priority.OF or { out = node.of.class }
  node.of = nil
end

function M.ports(node)
  return node.expr and priority.NAMES or { "out" }
end

function M.result(node, output)
  if not node.expr then
    return output("out")
  end
  local streams = {}
  for i, name in ipairs(priority.NAMES) do
    streams[i] = output(name)
  end
  return streams[1]:merge(unpack(streams, 2))
end

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local name = node.expr and node.expr.fn(row)
    if node.expr and not priority.OF[name] then
      error(("priority: %s is no class"):format(tostring(name)), 0)
    end
    emit(row, name or "out")
  end)
end

M.doc = {
  name = "priority",
  group = "operators",
  signature = ":priority(class or expr)",
  summary = "Says how urgent the records are from here on: \"critical\", \"high\", \"normal\""
    .. " (what all others are), \"low\" or \"background\"; an expression gives the class of each"
    .. " record. Where there is not time for everything, the most urgent class comes first, within"
    .. " it the earliest deadline. What has waited longer than max_starvation (weir.options) comes"
    .. " in between, so nothing waits for ever. Order holds within a class.",
  shape = "record -> the same record",
  errors = "An expression that gives no class sets the record aside.",
  cost = "None with a class. In a pipeline that has priorities each segment runs on one worker at"
    .. " a time.",
  example = [[
weir.options{ max_starvation = "500ms" }
weir.from(weir.file{ path = "alarms.jsonl" }):priority "critical" :to "urgent.jsonl"
weir.from "access.jsonl" :priority "background" :to "later.jsonl"]],
}

return M
