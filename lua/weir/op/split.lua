--- split: parts a stream in two by a condition, or in n.

local model = require("weir.op.model")
local options = require("weir.lib.options")

local M = {
  kind = "split",
  usage = ':split "status < 400"',
  arguments = { { name = "by", kind = "split_by" } },
  options = { key = { kind = "key" } },
  sides = { "dead" },
}

local PARTS_MAX = 256

options.define("split_by", function(value, _, where)
  if type(value) == "number" then
    local what = "split: the number of streams"
    local spec = { kind = "integer", min = 2, max = PARTS_MAX }
    return { count = options.read(value, spec, what, where) }
  elseif value == nil then
    return nil, "an expression, or a number of streams"
  end
  return { expr = options.read(value, { kind = "expr" }, "split: its argument", where) }
end)

function M.complete(node, refuse)
  node.expr, node.count, node.by = node.by.expr, node.by.count, nil
  if node.key and not node.count then
    refuse('option "key" belongs to a split in n, as in :split(4, { key = "host" })')
  end
end

function M.ports(node)
  if node.expr then
    return { "yes", "no" }
  end
  local ports = {}
  for i = 1, node.count do
    ports[i] = tostring(i)
  end
  return ports
end

function M.result(node, output)
  local streams = {}
  for i, port in ipairs(M.ports(node)) do
    streams[i] = output(port)
  end
  return unpack(streams)
end

-- Which stream a key goes to is the engine's affair; that equal keys meet is not. So the
-- model deals keys out in the order of their first record.
function M.reference(rows, node)
  local dealt, next_port = {}, 0
  local function deal()
    next_port = next_port % node.count + 1
    return tostring(next_port)
  end
  return model.each(rows, node, function(row, emit)
    if node.expr then
      emit(row, model.holds(node.expr.fn(row)) and "yes" or "no")
    elseif node.key then
      local key = model.key(node.key, row)
      dealt[key] = dealt[key] or deal()
      emit(row, dealt[key])
    else
      emit(row, deal())
    end
  end)
end

M.doc = {
  name = "split",
  group = "operators",
  signature = ":split(expr)   :split(n, { key })",
  summary = "With an expression: gives two streams, of the records for which it holds and of the"
    .. " others. With a number: deals the records out to n streams in turn, with key so that"
    .. " equal keys meet in one stream.",
  shape = "record -> the same record in one of the streams",
  errors = "An error in an expression sets the record aside. A stream that nobody takes is"
    .. " refused.",
  cost = "None beside the expression.",
  example = [[
local good, bad = weir.from "access.jsonl" :split "status < 400"
good:to "good.jsonl"
bad:to "bad.jsonl"]],
}

return M
