--- The shares of a split: every record goes to one of so many ports.

local cdef = require("weir.cdef")
local keys = require("weir.run.keys")
local values = require("weir.run.values")

local C = cdef.load("engine/base/hash.h")

local M = {}

function M.bind(node)
  local bound = { count = node.count, next = 0 }
  if node.key then
    keys.bind_exprs(bound, node.key)
    bound.record = values.giver(node.key)
  end
  return bound
end

--- The port that a record goes to: by the hash of its key, or in turn.
function M.of(bound, slot)
  if not bound.keys then
    bound.next = bound.next + 1
    return (bound.next - 1) % bound.count
  end
  keys.write(bound, bound.record(slot))
  return tonumber(C.weir_hash(bound.key.bytes, bound.key.size) % bound.count)
end

return M
