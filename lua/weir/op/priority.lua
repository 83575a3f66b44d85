--- priority: what is urgent comes first.
--
-- With a class the node has one port, with an expression one a class, which a merge brings
-- together: each class keeps its own order. `classes` are those of its ports, and `deadline_ns`
-- is how long after they came in its records should be done.

local model = require("weir.op.model")
local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")
local priority = require("weir.lib.priority")

local M = {
  kind = "priority",
  usage = ':priority "high"',
  arguments = { { name = "of", kind = "priority_of" } },
  options = { deadline = { kind = "duration", usage = 'deadline = "50ms"' } },
  sides = { "dead" },
}

local EXPECTED = "a class of priority, or an expression that gives one"

options.define("priority_of", function(value, _, where)
  local meant = type(value) == "string" and nearest.find(value, priority.NAMES)
  if priority.OF[value] then
    return { class = priority.OF[value] }
  elseif value == nil then
    return nil, EXPECTED
  elseif meant then -- as a field it would set each record aside
    return nil, ('%s (did you mean "%s"? a field of that name is function(r) return r.%s end)')
      :format(EXPECTED, meant, value)
  end
  return { expr = options.read(value, { kind = "expr" }, "priority: its argument", where) }
end)

function M.complete(node, refuse)
  if node.deadline_ns and node.deadline_ns <= 0 then
    refuse('a deadline is later than the record, such as deadline = "50ms"')
  end
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
  signature = ":priority(class or expr, { deadline })",
  summary = "Says how urgent the records are from here on: \"critical\", \"high\", \"normal\""
    .. " (what all others are), \"low\" or \"background\"; an expression gives the class of each"
    .. " record. Where there is not time for everything, the most urgent class comes first, within"
    .. " it what has the earliest deadline: so long after the record came in, and after these what"
    .. " has none; a batch that is begun is done before the next of its class. None waits for"
    .. " ever: a class that has waited for max_starvation (weir.options)"
    .. " anywhere gets a turn, a millisecond of work. Order holds within a class, and what"
    .. " waits in a buffer does so by class. What stands before is as urgent as the most"
    .. " urgent that may become of it. A class that nobody takes as fast as it comes holds up the"
    .. " others of its stream, unless a buffer stands behind that drops or spills; other streams"
    .. " are not held up. A sink keeps the order in which it has begun to write, so give what is"
    .. " critical a sink of its own.",
  shape = "record -> the same record",
  units = "deadline: a duration such as \"50ms\", from when the record came in.",
  errors = "An expression that gives no class sets the record aside.",
  cost = "None with a class. Where there are classes, a batch may be set aside after each"
    .. " millisecond of work.",
  example = [[
weir.options{ max_starvation = "500ms" }
weir.from(weir.file{ path = "alarms.jsonl" }):priority("critical", { deadline = "50ms" })
  :to "urgent.jsonl"
weir.from "access.jsonl" :priority "background"
  :buffer{ max_records = 100000, overflow = "drop_oldest" } :to "later.jsonl"]],
}

return M
