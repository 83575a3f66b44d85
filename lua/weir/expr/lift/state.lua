--- What is known at one point of a function being lifted.
--
--     slots   [bytecode slot or name] -> value
--     fields  [name] -> value of that field of the record
--     seen    [register .. name] -> value of a nested field that was read
--     shape   which record the row is: "row" with what was set, a made one, or "mixed"
--
-- Where paths meet, a value that differs becomes a phi, which names what each edge
-- brings. It costs nothing unless somebody reads it; then a register is written on
-- every edge. So nothing needs to be known of what is alive.

local copy = require("weir.lib.copy")

local M = {}

function M.new()
  return { slots = {}, fields = {}, seen = {}, shape = "row" }
end

function M.copy(state)
  return {
    slots = copy.of(state.slots),
    fields = copy.of(state.fields),
    seen = copy.of(state.seen),
    shape = state.shape,
  }
end

--- Whether two values are known to be one.
function M.same(a, b)
  if a == b then
    return true
  elseif not a or not b then
    return false
  elseif a.constant and b.constant then
    return a.k == b.k
  end
  return a.register ~= nil and a.register == b.register
end

local function keys_of(edges, part)
  local keys = {}
  for _, edge in ipairs(edges) do
    for key in pairs(edge.state[part]) do
      keys[key] = true
    end
  end
  return keys
end

local function all_same(values)
  for _, value in ipairs(values) do
    if not M.same(values[1], value) then
      return false
    end
  end
  return true
end

local function brought(edges, part, key)
  local values = {}
  for i, edge in ipairs(edges) do
    values[i] = edge.state[part][key] or false
  end
  return values
end

-- Of what was read, only what every edge knows alike stays known.
local function keep_common(edges, part, into)
  for key in pairs(edges[1].state[part]) do
    local values = brought(edges, part, key)
    if all_same(values) then
      into[key] = values[1]
    end
  end
end

--- What is known where several edges meet.
---@param edges { state: table }[]
function M.merge(edges)
  if #edges == 1 then
    return edges[1].state
  end
  local state = M.new()
  for key in pairs(keys_of(edges, "slots")) do
    local values = brought(edges, "slots", key)
    state.slots[key] = all_same(values) and values[1] or { phi = values, edges = edges }
  end
  keep_common(edges, "fields", state.fields)
  keep_common(edges, "seen", state.seen)
  state.shape = edges[1].state.shape
  for _, edge in ipairs(edges) do
    if edge.state.shape ~= state.shape then
      state.shape = "mixed"
    end
  end
  return state
end

return M
