--- Runs a graph by the slow references of its operators, a batch at a time, so that
-- merged streams have an order: by (sequence, input), as engine/sched/flow.h says.
--
-- A stream is a list of parts `{ sequence =, rows = }`, an empty one for each batch
-- of which nothing is left. What failed is counted by the name of the stage.

local M = {}

local STATELESS = {
  filter = true, map = true, flat_map = true, select = true, set = true, rename = true,
  drop_fields = true, tap = true, parse = true, route = true, map_async = true,
}

local function operator(kind)
  return require("weir.op." .. kind)
end

-- Hands over part by part what `step` makes of each: outputs by port.
local function each_part(parts, ports, step)
  local outputs = {}
  for _, port in ipairs(ports) do
    outputs[port] = {}
  end
  for _, part in ipairs(parts) do
    local made = step(part.rows)
    for _, port in ipairs(ports) do
      table.insert(outputs[port], { sequence = part.sequence, rows = made[port] or {} })
    end
  end
  return outputs
end

local function limited(node)
  local left = node.count
  return function(rows)
    local made = operator(node.kind).reference(rows, { count = left })
    left = math.max(0, left - #rows)
    return made
  end
end

-- A stream that has enough ends with the batch in which it got it.
local function taken(parts, node)
  local needed, kept = node.count, {}
  for _, part in ipairs(parts) do
    kept[#kept + 1] = part
    needed = needed - #part.rows
    if needed <= 0 and #part.rows > 0 then
      break
    end
  end
  return each_part(kept, { "out" }, limited(node))
end

local function dealt(node)
  local at = 0
  return function(rows)
    local made = {}
    for _, row in ipairs(rows) do
      local port = tostring(at % node.count + 1)
      made[port] = made[port] or {}
      table.insert(made[port], row)
      at = at + 1
    end
    return made
  end
end

local function sampled(node)
  local seen = 0
  return function(rows)
    local made = {}
    for _, row in ipairs(rows) do
      seen = seen + 1
      if math.floor(seen * node.keep) > math.floor((seen - 1) * node.keep) then
        made[#made + 1] = row
      end
    end
    return { out = made }
  end
end

local function remembering(node)
  local all = {}
  return function(rows)
    local made = {}
    for _, row in ipairs(rows) do
      all[#all + 1] = row
      local now = operator(node.kind).reference(all, node)
      if #now.out == #all then
        made[#made + 1] = row
      else
        table.remove(all)
      end
    end
    return { out = made }
  end
end

local function gathered(parts, reference)
  local rows, sequence = {}, 0
  for _, part in ipairs(parts) do
    for _, row in ipairs(part.rows) do
      rows[#rows + 1] = row
    end
    sequence = math.max(sequence, part.sequence + 1)
  end
  local out = each_part(parts, { "out" }, function()
    return {}
  end)
  table.insert(out.out, { sequence = sequence, rows = reference(rows).out })
  return out
end

-- Takes parts of several streams in the order of a merge.
local function merged(streams)
  local at, out = {}, {}
  for i in ipairs(streams) do
    at[i] = 1
  end
  while true do
    local best
    for i, stream in ipairs(streams) do
      local part = stream[at[i]]
      if part and (not best or part.sequence < streams[best][at[best]].sequence) then
        best = i
      end
    end
    if not best then
      return out
    end
    out[#out + 1] = streams[best][at[best]]
    at[best] = at[best] + 1
  end
end

local function inputs_of(node, outputs)
  local streams = {}
  for i, input in ipairs(node.inputs) do
    streams[i] = outputs[input.node][input.port] or {}
  end
  return #streams == 1 and streams[1] or merged(streams)
end

local function ports_of(node)
  if node.kind == "route" then
    return { "default", unpack(node.ports) }
  end
  return node.ports or { "out" }
end

--- The parts of every sink by name, and the count of failures by stage.
---@param graph table
---@param source_parts fun(node: table): table[]
---@param decode fun(text: string): table?, string?
function M.run(graph, source_parts, decode)
  local outputs, sinks, dead = {}, {}, {}
  local function referenced(node)
    local settled = setmetatable({
      on_error = node.on_error or graph.options.on_error,
    }, { __index = node })
    return function(rows)
      local made = operator(node.kind).reference(rows, settled, decode)
      dead[node.name] = (dead[node.name] or 0) + #(made.dead or {})
      return made
    end
  end
  local function visit(node)
    if node.kind == "source" then
      return { out = source_parts(node) }
    end
    local parts = inputs_of(node, outputs)
    if node.kind == "sink" then
      sinks[node.name] = parts
      return {}
    elseif node.kind == "merge" then
      return { out = parts }
    elseif node.kind == "take" then
      return taken(parts, node)
    elseif node.kind == "skip" then
      return each_part(parts, { "out" }, limited(node))
    elseif node.kind == "sample" then
      return each_part(parts, { "out" }, sampled(node))
    elseif node.kind == "dedup" then
      return each_part(parts, { "out" }, remembering(node))
    elseif node.kind == "split" and not node.expr then
      return each_part(parts, ports_of(node), dealt(node))
    elseif STATELESS[node.kind] or node.kind == "split" then
      return each_part(parts, ports_of(node), referenced(node))
    end
    return gathered(parts, referenced(node))
  end
  for _, wanted_sinks in ipairs({ false, true }) do
    for _, node in ipairs(graph.nodes) do
      if node.kind ~= "dead_letters" and (node.kind == "sink") == wanted_sinks then
        outputs[node] = visit(node)
      elseif node.kind == "dead_letters" then
        outputs[node] = {}
      end
    end
  end
  return sinks, dead
end

return M
