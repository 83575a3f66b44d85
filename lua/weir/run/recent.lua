--- dedup at work: whether the key of a record has come lately.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local keys = require("weir.run.keys")
local values = require("weir.run.values")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/state/recent.h")

local M = {}

function M.bind(node)
  local bound = { recent = ffi.gc(C.weir_recent_new(node.within_ns, node.max_keys),
    C.weir_recent_free) }
  keys.bind_exprs(bound, node.key)
  bound.record = values.giver(node.key)
  return bound
end

--- What says of the record in a slot whether its key is known: a weir_recent_answer.
---@param clock ffi.cdata*  weir_clock of the flow
function M.meet(clock)
  return function(bound, slot)
    keys.write(bound, bound.record(slot))
    local now = clock.monotonic_ns(clock.context)
    local answer = C.weir_recent_meet(bound.recent, bound.key.bytes, bound.key.size, now)
    if answer < 0 then
      error({ code = answer }, 0)
    end
    return answer
  end
end

return M
