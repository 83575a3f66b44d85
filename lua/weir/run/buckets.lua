--- throttle with a key, or a rate of its own for each record: who may go on.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local keys = require("weir.run.keys")
local rate = require("weir.lib.rate")
local values = require("weir.run.values")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/sched/run.h",
  "engine/state/buckets.h")

local M = {}

---@param node table
---@param run ffi.cdata*  weir_run of the segment
---@param stage table     that the node is in it
function M.bind(node, run, stage)
  local forgotten = run.counts + stage.index * C.WEIR_COUNT_KINDS + C.WEIR_COUNT_FORGOTTEN
  local bound = {
    buckets = ffi.gc(C.weir_buckets_new(node.max_keys, forgotten), C.weir_buckets_free),
    rate = node.rate_per_s,
    rate_of = node.expr and node.expr.fn,
    burst = node.burst,
  }
  local exprs = { unpack(node.key or {}) }
  exprs[#exprs + 1] = node.expr
  keys.bind_exprs(bound, node.key or {})
  bound.record = values.giver(exprs)
  return bound
end

local function computed(bound, handle)
  local value = bound.rate_of(handle)
  local per_s = type(value) == "string" and rate.parse_per_s(value) or value
  local is_number = type(per_s) == "number" and per_s == per_s
  if not is_number or per_s <= 0 or per_s == math.huge then
    error(("throttle: %s is no rate; a number a second, or a text such as \"5/m\""):format(
      tostring(value)), 0)
  end
  return per_s
end

--- Whether a record may go on.
---@param clock ffi.cdata*  weir_clock of the flow
function M.grants(clock)
  return function(bound, slot)
    local handle = bound.record(slot)
    local per_s = bound.rate or computed(bound, handle)
    keys.write(bound, handle)
    local granted = C.weir_buckets_take(bound.buckets, bound.key.bytes, bound.key.size, per_s,
      bound.burst or math.max(1, math.ceil(per_s)), clock.monotonic_ns(clock.context))
    if granted < 0 then
      error({ code = granted }, 0)
    end
    return granted == 1
  end
end

return M
