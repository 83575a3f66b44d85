--- Methods that arrange streams and add no stage: name, side, pipe, group_by.

local call = require("weir.describe.call")
local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local names = require("weir.describe.names")
local stream = require("weir.describe.stream")

local M = {}

local function name(self, text)
  local where = errors.where()
  local node = stream.input_of(self, "name", where).node
  local problem = names.problem(text)
  if problem then
    errors.raise(where, 'name: %s, such as :name "errors"; not %s', problem, errors.show(text))
  elseif node.named then
    errors.raise(where, 'name: this stage is called "%s" already', node.name)
  end
  node.name, node.named = text, true
  return self
end

local function side(self, kind)
  local where = errors.where()
  local node = stream.input_of(self, "side", where).node
  local sides = node.sides or {}
  for _, known in ipairs(sides) do
    if known == kind then
      return stream.new(node, kind)
    end
  end
  local has = #sides == 0 and "none" or '"' .. table.concat(sides, '", "') .. '"'
  errors.raise(where, "side: %s has no side output %s; it has %s", node.kind_name or node.kind,
    errors.show(kind), has)
end

local function checked(where, first, ...)
  if first == nil then
    errors.raise(where, "pipe: the function gave nothing back; end it in `return stream`")
  end
  return first, ...
end

local function pipe(self, fn, ...)
  local where = errors.where()
  stream.input_of(self, "pipe", where)
  if type(fn) ~= "function" then
    errors.raise(where, "pipe: a function of a stream is needed, not %s; for example"
      .. " :pipe(function(s) return s:skip(1) end)", errors.show(fn))
  end
  return checked(where, fn(self, ...))
end

local grouping = {
  kind = "group_by",
  usage = ':group_by("service"):aggregate{ hits = weir.count() }',
  arguments = { { name = "columns", kind = "columns", variadic = true } },
}

local function group_by(self, ...)
  local where = errors.where()
  stream.input_of(self, "group_by", where)
  local read = call.read(grouping, where, ...)
  local marks = graph.current("group_by").marks
  local mark = { columns = read.columns, where = where, closed = false }
  marks[#marks + 1] = mark
  return stream.new(self._node, self._port, mark)
end

stream.method("name", name)
stream.method("side", side)
stream.method("pipe", pipe)
stream.method("group_by", group_by)

M.docs = {
  {
    name = "name",
    group = "streams",
    signature = ":name(text)",
    summary = "Names the stage before it. State, metrics, tests, taps and reload hold on to the"
      .. " name. Without one a stage is called kind:subject, as in aggregate:service.",
    shape = "stream -> the same stream",
    errors = "A name taken twice is refused, and so is naming a stage twice.",
    cost = "None.",
    example = [[
weir.from "access.jsonl" :filter "status >= 500" :name "errors" :to "errors.jsonl"]],
    input = { { status = 500 }, { status = 200 } },
    output = { { status = 500 } },
  },
  {
    name = "side",
    group = "streams",
    signature = ':side "dead"',
    summary = "The side output of the last stage: the records that it set aside. `dead` are those"
      .. " that failed in it. What is not taken goes to weir.dead_letters().",
    shape = "stream -> stream of dead letters",
    errors = "A stage that cannot set records aside has no side output, and says so.",
    cost = "Only failures pay.",
    example = [[
local big = weir.from "app.jsonl" :filter(function(r) return r.n > 1 end)
big:side "dead" :to "failed.jsonl"
big:to "big.jsonl"]],
  },
  {
    name = "pipe",
    group = "streams",
    signature = ":pipe(fn, ...)",
    summary = "Calls fn(stream, ...) and gives what it returns: the way to share a part of a"
      .. " pipeline. The call happens while the script loads, once.",
    shape = "stream -> what fn returns",
    errors = "fn must return something.",
    cost = "None.",
    example = [[
local function only_errors(s, least)
  return s:filter(function(r) return r.status >= least end)
end
weir.from "access.jsonl" :pipe(only_errors, 500):to "errors.jsonl"]],
    input = { { status = 500 }, { status = 200 } },
    output = { { status = 500 } },
  },
  {
    name = "group_by",
    group = "streams",
    signature = ":group_by(columns)",
    summary = "Marks the stream: what has equal columns belongs together. :aggregate must follow."
      .. " A missing column and null are the same group.",
    shape = "stream -> marked stream",
    errors = "Anything but :aggregate after it is refused.",
    cost = "None; see aggregate.",
    example = [[
weir.from "access.jsonl"
  :group_by{ "host", area = function(r) return r.path:match("^/[^/]*") end }
  :aggregate{ hits = weir.count() }
  :to "areas.jsonl"]],
    input = {
      { host = "a", path = "/x/1" },
      { host = "a", path = "/y" },
      { host = "a", path = "/x/2" },
    },
    output = { { host = "a", area = "/x", hits = 2 }, { host = "a", area = "/y", hits = 1 } },
  },
}

return M
