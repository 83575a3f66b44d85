--- Shares of a stream: a split, where every record goes to one of so many ports, and a
-- sample, which picks some.

local cdef = require("weir.cdef")
local keys = require("weir.run.keys")
local values = require("weir.run.values")

local C = cdef.load("engine/base/hash.h")

local M = {}

function M.bind(node)
  local bound = { count = node.count, next = 0, keep = node.keep, picked = 0 }
  if node.key then
    keys.bind_exprs(bound, node.key)
    bound.record = values.giver(node.key)
  end
  return bound
end

local function hash_of(bound, slot)
  keys.write(bound, bound.record(slot))
  return C.weir_hash(bound.key.bytes, bound.key.size)
end

--- The port that a record goes to: by the hash of its key, or in turn.
function M.of(bound, slot)
  if not bound.keys then
    bound.next = bound.next + 1
    return (bound.next - 1) % bound.count
  end
  return tonumber(hash_of(bound, slot) % bound.count)
end

local HASHES = 2 ^ 53 -- of as many bits as a number holds

--- Whether a record is among those that are kept: by the hash of its key, or evenly.
function M.picks(bound, slot)
  if bound.keys then
    return tonumber(bit.rshift(hash_of(bound, slot), 11)) < bound.keep * HASHES
  end
  bound.next = bound.next + 1
  if math.floor(bound.next * bound.keep) == bound.picked then
    return false
  end
  bound.picked = bound.picked + 1
  return true
end

return M
