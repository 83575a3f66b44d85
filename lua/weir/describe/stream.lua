--- Streams: what a script holds. A stream is one output of one node; each method adds
-- a node that reads it and gives the stream of that node.
--
-- Methods that are stages come from lua/weir/op, one file each, through `define`; those
-- that only arrange (to, name, side, pipe, group_by) from the rest of this room.

local call = require("weir.describe.call")
local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")

local M = {}

local methods = {}
local Stream = { what = "a stream" }

-- What stages are called elsewhere.
local ELSEWHERE = {
  drop = ":drop_fields(name) or :filter", remove = ":drop_fields(name)",
  delete = ":drop_fields(name)", count = ":aggregate{ n = weir.count() }",
  sum = ":aggregate{ total = weir.sum(name) }", reduce = ":aggregate{ ... }",
  uniq = ":group_by(name):aggregate{ n = weir.count() }",
  unique = ":group_by(name):aggregate{ n = weir.count() }",
  distinct = ":group_by(name):aggregate{ n = weir.count() }",
  where = ":filter", grep = ":filter", limit = ":take(n)", head = ":take(n)", first = ":take(n)",
  group = ":group_by", groupby = ":group_by", order_by = ":sort{ by = name }",
  orderby = ":sort{ by = name }", project = ":select", fields = ":select", each = ":tap",
  foreach = ":tap", union = ":merge", concat = ":merge", mutate = ":set", assign = ":set",
  print = ":to(weir.stdout{})", write = ":to(sink)", save = ":to(sink)",
}

local function hint_for(key)
  local elsewhere = ELSEWHERE[key]
  return elsewhere and "; here that is " .. elsewhere
    or nearest.hint(key, keys.sorted(methods))
end

function Stream.__index(_, key)
  local method = methods[key]
  if method == nil and type(key) == "string" then
    errors.raise(errors.where(), 'a stream has no method "%s"%s', key, hint_for(key))
  end
  return method
end

--- A stream: what `port` of `node` gives, with the mark of a group_by if it has one.
function M.new(node, port, mark)
  return setmetatable({ _node = node, _port = port, _mark = mark or false }, Stream)
end

--- Whether a value is a stream.
function M.is(value)
  return getmetatable(value) == Stream
end

--- The input of whatever reads `stream`, for a node's `inputs`.
-- A stream that group_by marked is refused: only `aggregate` may read that.
function M.input_of(stream, what, where)
  if not M.is(stream) then
    errors.raise(where, "%s: a stream is needed, not %s; call it with a colon, as in s:%s(...)",
      what, errors.show(stream), what)
  elseif stream._mark then
    errors.raise(where, "%s: a stream marked by group_by can only be aggregated;"
      .. " :aggregate{ ... } must come first", what)
  end
  return { node = stream._node, port = stream._port }
end

options.define("stream", function(value)
  if M.is(value) then
    return value
  end
  return nil, "a stream"
end)

--- Streams, as merge takes them.
options.define("streams", function(value)
  for _, item in ipairs(value) do
    if not M.is(item) then
      return nil, "streams"
    end
  end
  return #value > 0 and value or nil, "streams"
end)

-- The inputs of a stage and what group_by marked, if this stage may end the mark.
local function read_inputs(op, self, where)
  local mark = M.is(self) and self._mark
  if not (mark and op.ends_group) then
    return { M.input_of(self, op.kind, where) }, nil
  end
  mark.closed = true
  return { { node = self._node, port = self._port } }, mark.columns
end

local function fill(node, op, fields)
  for name, value in pairs(fields) do
    node[name] = value
  end
  node.stateful, node.sides = op.stateful or false, op.sides
  if op.complete then
    op.complete(node, function(message, ...)
      errors.raise(node.where, op.kind .. ": " .. message, ...)
    end)
  end
  node.subject = op.subject and op.subject(node)
  node.ports = op.ports and op.ports(node) or { "out" }
end

local function add_stage(op, self, ...)
  local where = errors.where()
  local inputs, group_keys = read_inputs(op, self, where)
  local fields = call.read(op, where, ...)
  for _, other in ipairs(fields.streams or {}) do
    inputs[#inputs + 1] = M.input_of(other, op.kind, where)
  end
  fields.streams = nil
  if op.ends_group then
    fields.keys = group_keys or {}
  end
  local node = graph.add(op.kind, where, inputs)
  fill(node, op, fields)
  local function output(port)
    return M.new(node, port)
  end
  if op.result then
    return op.result(node, output)
  end
  return output("out")
end

--- Adds a stage to every stream.
---@param op table  as in lua/weir/op
function M.define(op)
  methods[op.kind] = function(self, ...)
    return add_stage(op, self, ...)
  end
end

--- Adds a method that arranges streams.
function M.method(name, fn)
  methods[name] = fn
end

--- The names of all methods, in byte order.
function M.methods()
  return keys.sorted(methods)
end

return M
