--- Sources that the script makes itself: `weir.generate` and `weir.memory`.

local ambient = require("weir.run.ambient")
local cdef = require("weir.cdef")
local fuel = require("weir.expr.fuel")
local record = require("weir.native.record")

local C = cdef.load("engine/base/err.h", "engine/data/line.h", "engine/sched/run.h")

local M = {}

local DONE, MORE = 0, 1
local FUEL_PER_CALL = 1e7

--- What the segment of a described source is bound to.
---@param described table
function M.bind(described)
  local bound = { at = 0, count = described.count or math.huge, rate = described.rate_per_s }
  if described.kind == "memory" then
    local records = described.records
    bound.count = #records
    bound.fn = function(n)
      return records[n]
    end
  else
    bound.fn = described.fn
    if described.seed then
      bound.seed = described.seed
    end
  end
  return bound
end

local function write(out, value, bound)
  if not (type(value) == "table" or record.is(value)) then
    error(("%s: %s must return a table or nil, not a %s"):format(bound.where, bound.name,
      record.type(value)), 0)
  end
  local start = out.bytes.size
  record.encode(value, out.bytes)
  if out.bytes.bytes[start] ~= 0x7b then
    error(("%s: %s: a record must be a table of fields, not a list"):format(bound.where,
      bound.name), 0)
  end
  if C.weir_line_end(out, start) ~= 0 then
    error({ code = C.WEIR_ENOMEM }, 0)
  end
end

-- How many records are due by now; without a rate as many as fit.
local function due(bound, run, clock)
  if not bound.rate then
    return math.huge
  end
  local now = tonumber(clock.monotonic_ns(clock.context))
  bound.since = bound.since or now
  local left = math.floor((now - bound.since) * bound.rate / 1e9) - bound.at
  if left <= 0 then
    run.resume_ns = bound.since + (bound.at + 1) * 1e9 / bound.rate
  end
  return left
end

-- A source has a sequence of weir.random of its own.
local function call(bound)
  fuel.refill(FUEL_PER_CALL)
  if not bound.seed then
    return bound.fn(bound.at + 1)
  end
  local before = ambient.seed(bound.seed)
  if bound.random then
    ambient.restore(bound.random)
  end
  local value = bound.fn(bound.at + 1)
  bound.random = ambient.restore(before)
  return value
end

--- Makes records until the output is full or there are no more.
---@param clock ffi.cdata*  weir_clock, for sources with a rate
function M.generate(run, clock)
  return function(bound)
    local out = run.out[0]
    local left = math.min(run.limits.rows, bound.count - bound.at, due(bound, run, clock))
    while left > 0 and out.bytes.size < run.limits.out_bytes do
      local value = call(bound)
      if value == nil then
        return DONE
      end
      bound.at = bound.at + 1
      write(out, value, bound)
      left = left - 1
    end
    return bound.at < bound.count and MORE or DONE
  end
end

return M
