--- Where streams begin and end: weir.from, weir.dead_letters, :to.

local batch = require("weir.describe.batch")
local endpoint = require("weir.describe.endpoint")
local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local stream = require("weir.describe.stream")

local M = {}

-- How often a source reads standard input.
local function count_stdin(source)
  local count = source.kind == "stdin" and 1 or 0
  for _, part in ipairs(source.sources or {}) do
    count = count + count_stdin(part)
  end
  for _, path in ipairs(source.kind == "file" and source.path or {}) do
    count = count + (path == "-" and 1 or 0)
  end
  return count
end

local function refuse_second_reader(node, where)
  local count = count_stdin(node.source)
  for _, other in ipairs(count > 0 and graph.current("from").graph.nodes or {}) do
    if other ~= node and other.source and count_stdin(other.source) > 0 then
      errors.raise(where, "weir.from: standard input is read at %s already; keep that stream in a"
        .. " local and use it twice", other.where)
    end
  end
  if count > 1 then
    errors.raise(where, "weir.from: standard input is read twice, and can be read once only")
  end
end

-- What is to go to a sink together waits in a buffer of its own before it.
local function gather(sink, queue)
  local node = graph.add("buffer", sink.where, {})
  node.kind_name, node.subject = "batch", sink.name or sink.subject
  node.ports, node.sides = { "out" }, {}
  node.queue = queue
  sink.inputs[1] = { node = node, port = "out" }
  return node
end

-- One node for one object: what uses it a second time shares the node. A sink's is where
-- its streams end.
local function node_of(object, use, where)
  local shared = graph.current("weir." .. object.definition.kind)[use .. "s"]
  if not shared[object] then
    local described, name = endpoint.describe(object, use, where)
    local definition = object.definition
    local node = graph.add(use, object.where, {})
    node[use] = described
    node.kind_name = definition.kind
    local subject = definition.subject and definition.subject(described)
    node.subject = type(subject) == "string" and subject or nil -- never a secret
    node.ports = use == "source" and { "out" } or {}
    node.sides = definition.sides and definition.sides[use] or { "dead" }
    node.name, node.named = name, name ~= nil
    local queue = batch.queue(described.batch)
    shared[object] = { node = node, takes = queue and gather(node, queue) or node }
    if use == "source" then
      refuse_second_reader(node, where)
    end
  end
  return shared[object].node, shared[object].takes
end

local function begin(value, where)
  if stream.is(value) then
    errors.raise(where, "weir.from: this is a stream already; use it as it is, or :merge it")
  end
  local object = endpoint.of(value)
  if not object then
    errors.raise(where, 'weir.from: a source is needed, such as weir.from "access.jsonl", not %s',
      errors.show(value))
  end
  return stream.new((node_of(object, "source", where)), "out")
end

--- The stream of a source, or of several merged.
function M.from(...)
  local where = errors.where()
  graph.current("weir.from")
  local streams = {}
  for i = 1, math.max(1, select("#", ...)) do
    streams[i] = begin((select(i, ...)), where)
  end
  if #streams == 1 then
    return streams[1]
  end
  return streams[1]:merge(unpack(streams, 2))
end

--- The stream of the failed records that no `:side "dead"` took.
function M.dead_letters()
  local where = errors.where()
  local building = graph.current("weir.dead_letters")
  if not building.dead_letters then
    building.dead_letters = graph.add("dead_letters", where, {})
    building.dead_letters.ports = { "out" }
  end
  return stream.new(building.dead_letters, "out")
end

local function refuse_second_writer(node, where)
  for _, other in ipairs(graph.current("to").graph.nodes) do
    local writes = other ~= node and other.sink and other.sink.kind == "file"
    if writes and other.sink.path == node.sink.path then
      errors.raise(where, 'to: "%s" is written at %s already; :merge the streams, or give both'
        .. " the same weir.file object", node.sink.path, other.where)
    end
  end
end

local function to(self, sink, ...)
  local where = errors.where()
  local input = stream.input_of(self, "to", where)
  local object = endpoint.of(sink)
  if not object then
    errors.raise(where, 'to: a sink is needed, such as :to "errors.csv", not %s',
      errors.show(sink))
  elseif select("#", ...) > 0 then
    errors.raise(where, "to: takes one sink; for two, say :to(a):to(b)")
  end
  local node, takes = node_of(object, "sink", where)
  takes.inputs[#takes.inputs + 1] = input
  if node.sink.kind == "file" then
    refuse_second_writer(node, where)
  end
  return self
end

stream.method("to", to)

M.docs = {
  {
    name = "from",
    group = "script",
    signature = "weir.from(source, ...)",
    summary = "The stream of a source. A text or a list of texts is a file source; several"
      .. " sources are merged into one stream.",
    shape = "source... -> stream",
    errors = "What is no source is refused at the script's line. Nothing is opened yet: a file"
      .. " that is not there is found by `weir check` and `weir run`.",
    cost = "None while the script loads.",
    example = [[
weir.from("a.jsonl", "b.jsonl"):to "all.jsonl"]],
  },
  {
    name = "dead_letters",
    group = "script",
    signature = "weir.dead_letters()",
    summary = "The stream of all records that failed and whose failure no `:side \"dead\"` took."
      .. " Without it they are appended to <pipeline>.dead.jsonl where weir was started; a"
      .. " one-liner only counts them.",
    body = [[

    time        when it failed
    stage       the stage that failed, by name
    code        short and stable: EQUOTE, ELAMBDA, EMATCH, ...
    reason      in words, with the script's line or the record's number and column
    traceback   of an error in Lua
    source      the file
    position    of the record in it
    raw         the record as it came, or as an earlier segment left it (`weir help
                explain`); raw_base64 if that was no text]],
    shape = "-> stream of { time, stage, code, reason, traceback, source, position, raw }",
    units = "time: milliseconds since 1970; position: bytes, unpacked, from 0.",
    errors = "A dead letter that fails in turn is counted, and set aside no second time.",
    cost = "Only failures pay.",
    example = [[
weir.from "app.jsonl" :filter(function(r) return r.n > 1 end):to "large.jsonl"
weir.dead_letters():to "failed.jsonl"]],
  },
  {
    name = "to",
    group = "streams",
    signature = ":to(sink)",
    summary = "Writes the stream, and gives the stream back, so `:to(a):to(b)` writes both. A"
      .. " text is a file, its format that of its suffix, else JSON lines.",
    shape = "stream -> the same stream",
    errors = "Two file sinks of one path are refused: they would overwrite each other.",
    cost = "Writing happens beside the workers; a slow sink slows its sources.",
    example = [[
weir.from "access.jsonl" :to "access.csv" :to(weir.stdout{})]],
    input = { { path = "/", status = 200 } },
    output = { { path = "/", status = 200 } },
  },
}

return M
