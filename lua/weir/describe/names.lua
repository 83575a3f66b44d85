--- Names of nodes: what state, metrics, tests, taps and reload hold on to.
--
-- A node is called what `:name` or `name =` says, else `kind:subject`
-- (`aggregate:service`, `file:access.jsonl`), never after its place in the script.
-- Where two derived names are equal, stateless nodes count up (`filter`, `filter:2`);
-- stateful ones are refused, because counting would let one inherit another's state.

local M = {}

local LENGTH_MAX = 200

--- What is wrong with a name that a script gives, or nil.
function M.problem(name)
  if type(name) ~= "string" or name == "" then
    return "a name is a text"
  elseif #name > LENGTH_MAX then
    return ("a name has at most %d bytes"):format(LENGTH_MAX)
  elseif name:find("%c") then
    return "a name holds no control characters"
  end
end

local function clash(node, other, name)
  if node.named and other.named then
    return ('%s: the name "%s" is taken at %s'):format(node.where, name, other.where)
  end
  return ('%s: two stateful stages would be called "%s", here and at %s; say :name "..." after '
    .. "one of them, so that its state finds it again"):format(node.where, name, other.where)
end

local function count_up(name, taken)
  local n = 2
  while taken[name .. ":" .. n] do
    n = n + 1
  end
  return name .. ":" .. n
end

local function derive(node)
  return node.subject and (node.kind_name or node.kind) .. ":" .. node.subject
    or node.kind_name
    or node.kind
end

--- Gives every node its `name`; what cannot be named goes to `problems`.
---@param nodes table[]
---@param problems string[]
function M.assign(nodes, problems)
  local taken = {}
  for _, node in ipairs(nodes) do
    if node.named then
      if taken[node.name] then
        problems[#problems + 1] = clash(node, taken[node.name], node.name)
      end
      taken[node.name] = node
    end
  end
  for _, node in ipairs(nodes) do
    if not node.named then
      local name = derive(node)
      local other = taken[name]
      if other and node.stateful and other.stateful and not other.named then
        problems[#problems + 1] = clash(node, other, name)
      end
      node.name = other and count_up(name, taken) or name
      taken[node.name] = node
    end
  end
end

return M
