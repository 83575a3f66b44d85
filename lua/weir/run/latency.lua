--- How long records take, as quantiles of late and counts of the whole run.
--
--     local windows = latency.new()
--     windows:of("sink", now_ms, function(histogram)
--       return C.weir_flow_add_latency(flow, 3, histogram) ~= 0
--     end)                    --> { count, sum_s, p50, p90, p99, p999, max }, or nil
--     latency.buckets()       -- of the same, as Prometheus wants them

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/histogram.h")

local M = {}

local WINDOW_MS = 30000

-- Upper ends in seconds, as a histogram of Prometheus has them.
local BUCKETS = { 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10, 25, 50, 100 }

-- Of the run, and of late, for the one that is asked about now.
local whole, late = ffi.new("weir_histogram"), ffi.new("weir_histogram")
local SIZE = ffi.sizeof(whole)

-- By key: what was there half a window ago, and a whole one.
local Windows = {}
Windows.__index = Windows

function M.new()
  return setmetatable({}, Windows)
end

local function quantile_s(quantile)
  return tonumber(C.weir_histogram_quantile(late, quantile)) / 1e9
end

--- How many were no greater than so many seconds, of what was asked about last.
function M.buckets()
  local out = {}
  for i, le in ipairs(BUCKETS) do
    out[i] = { le = le, count = tonumber(C.weir_histogram_rank(whole, le * 1e9)) }
  end
  return out
end

-- Quantiles are about what came since an older copy.
local function turn(window, now_ms)
  if not window.newer then
    window.older, window.newer = ffi.new("weir_histogram"), ffi.new("weir_histogram")
    window.turned_ms = now_ms
  elseif now_ms - window.turned_ms >= WINDOW_MS then
    window.older, window.newer = window.newer, window.older
    ffi.copy(window.newer, whole, SIZE)
    window.turned_ms = now_ms
  end
  ffi.copy(late, whole, SIZE)
  C.weir_histogram_subtract(late, window.older)
end

--- What is known by now, or nil before the first record.
---@param key string
---@param now_ms number
---@param add fun(histogram: ffi.cdata*): boolean  adds what was counted; false: nothing was
function Windows:of(key, now_ms, add)
  C.weir_histogram_reset(whole)
  if not add(whole) then
    return nil
  end
  self[key] = self[key] or {}
  turn(self[key], now_ms)
  return {
    count = tonumber(whole.count),
    sum_s = whole.sum / 1e9,
    p50 = quantile_s(0.5),
    p90 = quantile_s(0.9),
    p99 = quantile_s(0.99),
    p999 = quantile_s(0.999),
    max = quantile_s(1),
  }
end

return M
