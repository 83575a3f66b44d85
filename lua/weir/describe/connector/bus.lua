--- weir.bus: streams of one pipeline that meet by topic.

local overflow = require("weir.lib.overflow")
local topic = require("weir.describe.topic")

require("weir.describe.bus") -- joins them when the script has been read

local function types_problem(types)
  for _, type in ipairs(types or {}) do
    if type == "" or type:find("%z") then
      return "a type is a text that is not empty, without NUL"
    end
  end
end

local options = {
  topic = { kind = "string", required = true, usage = 'topic = "orders.{region}"' },
  type = { kind = "list", sink = { kind = "string" } },
}
for name, option in pairs(overflow.OPTIONS) do
  options[name] = { only = "source" }
  for key, value in pairs(option) do
    options[name][key] = value
  end
end
options.overflow.default = nil -- without limits nothing waits, so nothing overflows

local function has_queue(described)
  return described.overflow or described.max_records or described.max_bytes_bytes
    or described.keep or described.max_disk_bytes
end

-- What a subscriber has waiting, if it has a place for it.
local function add_queue(described)
  local problem
  if has_queue(described) then
    described.overflow = described.overflow or "block"
    described.queue = overflow.queue(described, function(message, ...)
      problem = problem or message:format(...)
    end)
  end
  return problem
end

return {
  kind = "bus",
  uses = { source = true, sink = true },
  sides = { source = { "dropped" } },
  options = options,
  subject = function(described)
    return described.topic
  end,
  check = function(described, use)
    if type(described.topic) ~= "string" then
      return "a topic is no secret"
    elseif use == "sink" then
      return topic.problem(described.topic) or types_problem({ described.type })
    end
    described.types, described.type = described.type, nil
    return topic.pattern_problem(described.topic) or types_problem(described.types)
      or add_queue(described)
  end,
  doc = {
    name = "bus",
    group = "sources and sinks",
    usage = 'weir.bus{ topic = "orders.created" }',
    signature = "weir.bus{ topic!, type, overflow, max_records, max_bytes, keep, max_disk, name }",
    summary = "Streams that meet by topic: as a sink it publishes each record, as a source it"
      .. " subscribes to all that is published, anywhere in the script, to the topics of a pattern."
      .. " A topic is words with dots between; a sink's may have blanks for fields, whose values"
      .. ' never add a word: "orders.{region}". In a source\'s, "*" stands for any one word and'
      .. ' ">" at the end for one or more. type says what kind of event it is: of a sink a text,'
      .. ' "{kind}" for a field; of a source one or a list of those that it wants.',
    body = [[

A subscriber gets every record that it wants once from each sink, in the order in
which that published them; what several publish is merged as :merge does. It ends
when all that could reach it have ended. It gets all of it: nothing is remembered
for later, so there is no start.

A subscriber that is slow slows those who publish to it, unless it says what is to
happen: overflow, max_records and so on are those of :buffer, each subscriber its
own, and :side "dropped" has what found no room. A record of which nobody wants the
topic is counted as unmatched. @topic and @type say what a record was published under.

What comes of a subscription may be published again, but not so that it may come
back to where it was read: such a circle is refused, its way told.]],
    shape = "record -> the same record in every stream that subscribes to its topic and type",
    errors = "A record without the fields of its topic is a dead letter. A source to which nothing"
      .. " is published is refused.",
    cost = "Without blanks that of any stream which is used twice: subscribers share what was"
      .. " published. With blanks some 200 ns for the topic of each record, and a copy of it for"
      .. " each pattern that it meets.",
    example = [[
weir.from "orders.jsonl" :to(weir.bus{ topic = "orders.{region}", type = "{event}" })
weir.from(weir.bus{ topic = "orders.*", type = "created" }):to "created.jsonl"
weir.from(weir.bus{ topic = "orders.eu", overflow = "drop_oldest", max_records = 1000 })
  :to(weir.stdout{})]],
  },
}
