--- The canonical text of a node: equal for equal nodes of two loads of one script.
--
-- The script is loaded in several states, and their nodes are matched by name and
-- content. Functions cannot be compared across states, so they are told by their line;
-- what only follows from the rest (compiled functions, trees) is left out.

local errors = require("weir.lib.errors")
local keys = require("weir.lib.keys")
local secret = require("weir.lib.secret")

local M = {}

local DEPTH_MAX = 64

local expr_text = {
  lambda = function(expr)
    return "function@" .. expr.where
  end,
  text = function(expr)
    return ("text %q"):format(expr.text)
  end,
  field = function(expr)
    return ("field %q"):format(expr.name)
  end,
}

local encode

local function encode_table(value, depth)
  if depth > DEPTH_MAX then
    return "..."
  elseif secret.name_of(value) then
    return ("secret %q"):format(secret.name_of(value))
  elseif type(value.fn) == "function" and expr_text[value.kind] then
    return expr_text[value.kind](value)
  end
  local is_constant = value.kind == "value" and value.fn ~= nil
  local out = {}
  for _, key in ipairs(keys.sorted(value)) do
    if not (is_constant and (key == "fn" or key == "where")) then
      local name = type(key) == "number" and ("[%s]"):format(key) or tostring(key)
      out[#out + 1] = name .. " = " .. encode(value[key], depth + 1)
    end
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

function encode(value, depth)
  local kind = type(value)
  if kind == "string" then
    return ("%q"):format(value)
  elseif kind == "number" then
    return ("%.17g"):format(value)
  elseif kind == "function" then
    return "function@" .. errors.where_of(value)
  elseif kind == "table" then
    return encode_table(value, depth)
  elseif kind == "userdata" then
    return "null"
  end
  return tostring(value)
end

-- Inputs are told by name, or one node's text would hold the whole graph.
local function encode_inputs(inputs)
  local out = {}
  for i, input in ipairs(inputs) do
    out[i] = ("%q.%s"):format(input.node.name, input.port)
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

--- The canonical text of a node.
---@param node table  of a finished graph
function M.text(node)
  local out = {}
  for _, key in ipairs(keys.sorted(node)) do
    local value = node[key]
    local text = key == "inputs" and encode_inputs(value) or encode(value, 0)
    out[#out + 1] = key .. " = " .. text
  end
  return table.concat(out, "\n")
end

local function by_name(graph)
  local out = {}
  for _, node in ipairs(graph.nodes) do
    out[node.name] = node
  end
  return out
end

local function first_difference(a, b)
  local lines = {}
  for line in (M.text(b) .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  local i = 0
  for line in (M.text(a) .. "\n"):gmatch("(.-)\n") do
    i = i + 1
    if line ~= lines[i] then
      return line, lines[i] or "nothing"
    end
  end
  return "nothing", lines[i + 1]
end

--- Where two loads of a script differ, or nil if they are equal.
---@param first table  graph
---@param second table  graph
---@return string?
function M.difference(first, second)
  local others = by_name(second)
  for _, node in ipairs(first.nodes) do
    local other = others[node.name]
    if not other then
      return ('%s: "%s" is there in the first load only'):format(node.where, node.name)
    elseif M.text(node) ~= M.text(other) then
      return ('%s: "%s" differs between two loads of the script: %s, then %s'):format(
        node.where, node.name, first_difference(node, other))
    end
    others[node.name] = nil
  end
  for _, node in ipairs(second.nodes) do
    if others[node.name] then
      return ('%s: "%s" is there in the second load only'):format(node.where, node.name)
    end
  end
end

return M
