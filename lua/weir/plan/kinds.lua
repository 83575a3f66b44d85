--- What a node of a graph becomes, by its kind.

local M = {}

-- Stages that go on in the same function.
local FUSES = {
  filter = true,
  map = true,
  flat_map = true,
  select = true,
  set = true,
  rename = true,
  drop_fields = true,
  take = true,
  skip = true,
  tap = true,
  parse = true,
  sample = true,
  dedup = true,
  throttle = true, -- with a key; else it has a queue
  merge = true,
  subscribe = true, -- unless it has a queue
}

-- Stages that are the last of theirs.
local ENDS = { route = true, split = true, priority = true, aggregate = true, sort = true,
  top = true, publish = true }

function M.fuses(node)
  return FUSES[node.kind] and not node.queue
end

--- Whether it may follow another stage in its segment.
function M.follows(node)
  return M.fuses(node) or ENDS[node.kind]
end

--- One that waits for others is a segment by itself.
function M.is_stage(node)
  return M.follows(node) or node.flights ~= nil
end

-- The script's own code makes these: their sources are segments without inputs.
local MADE = { generate = true, memory = true }

function M.is_made(node)
  return node.kind == "source" and MADE[node.source.kind]
end

--- A program that takes records and gives others back.
function M.is_relay(node)
  return node.kind == "exec"
end

return M
