--- Runs a graph by the slow references of its operators: what a pipeline should give.

local M = {}

local operators = {}

local function operator(kind)
  operators[kind] = operators[kind] or require("weir.op." .. kind)
  return operators[kind]
end

local function rows_of_source(source, input)
  if source.kind == "memory" then
    return source.records
  elseif source.kind == "generate" then
    local rows = {}
    for n = 1, source.count do
      rows[#rows + 1] = source.fn(n)
    end
    return rows
  end
  return input
end

local function input_rows(node, outputs)
  local rows = {}
  for _, input in ipairs(node.inputs) do
    for _, row in ipairs(outputs[input.node][input.port] or {}) do
      rows[#rows + 1] = row
    end
  end
  return rows
end

--- The outputs of every node, by name and port; a sink's port is "in".
---@param graph table  of weir.describe.graph
---@param input table[]?  rows of every source that has none of its own
---@param decode (fun(text: string): table?, string?)?  for parse
function M.run(graph, input, decode)
  local outputs, by_name = {}, {}
  local function visit(node)
    if node.kind == "source" then
      outputs[node] = { out = rows_of_source(node.source, input) }
    elseif node.kind == "sink" then
      outputs[node] = { ["in"] = input_rows(node, outputs) }
    elseif node.kind ~= "dead_letters" then
      outputs[node] = operator(node.kind).reference(input_rows(node, outputs), node, decode)
    else
      outputs[node] = { out = {} }
    end
    by_name[node.name] = outputs[node]
  end
  -- A sink that two streams share comes before the later one.
  for _, wanted_sinks in ipairs({ false, true }) do
    for _, node in ipairs(graph.nodes) do
      if (node.kind == "sink") == wanted_sinks then
        visit(node)
      end
    end
  end
  return by_name
end

return M
