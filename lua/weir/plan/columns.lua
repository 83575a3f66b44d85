--- Which fields a stream's records have, where its stages say so.
--
-- A select or an aggregate names them; what stands behind and changes none keeps them.
-- A record may lack some, and an on_error function may give others.

local copy = require("weir.lib.copy")

local M = {}

local KEEPS = { filter = true, take = true, skip = true, tap = true, sort = true, route = true,
  split = true, merge = true, priority = true, buffer = true, delay = true, throttle = true,
  sample = true, dedup = true, publish = true, subscribe = true }

local of_node

local function add(names, columns)
  for _, column in ipairs(columns) do
    names[#names + 1] = column.name
  end
  return names
end

local function same(left, right)
  return left ~= nil and right ~= nil and table.concat(left, "\0") == table.concat(right, "\0")
end

-- Those that all inputs of a node have, or nil.
local function of_inputs(node, seen)
  local names
  for i, input in ipairs(node.inputs) do
    local found = input.port ~= "dead" and of_node(input.node, seen) or nil
    if i > 1 and not same(names, found) then
      return nil
    end
    names = found
  end
  return names
end

local makers = {}

function makers.select(node)
  return add({}, node.columns)
end

function makers.aggregate(node)
  return add(add({}, node.keys), node.columns)
end

function of_node(node, seen)
  if seen[node] then
    return nil
  end
  seen[node] = true
  local names
  if makers[node.kind] then
    names = makers[node.kind](node)
  elseif KEEPS[node.kind] then
    names = of_inputs(node, seen)
  end
  seen[node] = nil
  return names
end

local SEPARATED = { csv = true, tsv = true }

--- The sink of a node as described, with the columns that its records have. A file that
-- is appended to has its own.
---@param node table  of a sink
---@return table
function M.sink(node)
  local sink = node.sink
  local codec = sink.codec
  local names = codec and SEPARATED[codec.kind] and not codec.columns and not sink.append
    and of_inputs(node, {}) or nil
  if not names then
    return sink
  end
  return copy.with(sink, "codec", copy.with(codec, "columns", names))
end

return M
