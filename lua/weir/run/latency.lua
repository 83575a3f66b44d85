--- How long records were under way to a sink: quantiles of late, counts of the whole run.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/histogram.h", "engine/sched/flow.h")

local M = {}

local WINDOW_MS = 30000

-- Upper ends in seconds, as a histogram of Prometheus has them.
local BUCKETS = { 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10, 25, 50, 100 }

-- By name of a sink: what was there half a window ago, and a whole one.
local Windows = {}
Windows.__index = Windows

function M.new()
  return setmetatable({}, Windows)
end

local function quantile_s(histogram, quantile)
  return tonumber(C.weir_histogram_quantile(histogram, quantile)) / 1e9
end

local function buckets_of(histogram)
  local out = {}
  for i, le in ipairs(BUCKETS) do
    out[i] = { le = le, count = tonumber(C.weir_histogram_rank(histogram, le * 1e9)) }
  end
  return out
end

local function copy(histogram)
  return ffi.new("weir_histogram", histogram)
end

-- Quantiles are about what came since an older copy.
local function recent(window, histogram, now_ms)
  if not window.newer then
    window.older, window.newer = ffi.new("weir_histogram"), ffi.new("weir_histogram")
    window.turned_ms = now_ms
  elseif now_ms - window.turned_ms >= WINDOW_MS then
    window.older, window.newer, window.turned_ms = window.newer, copy(histogram), now_ms
  end
  local out = copy(histogram)
  C.weir_histogram_subtract(out, window.older)
  return out
end

--- What is known of a sink, or nil before its first record.
function Windows:of(flow, task, now_ms)
  local histogram = ffi.new("weir_histogram")
  if C.weir_flow_add_latency(flow, task.number, histogram) == 0 then
    return nil
  end
  self[task.name] = self[task.name] or {}
  local last = recent(self[task.name], histogram, now_ms)
  return {
    count = tonumber(histogram.count),
    sum_s = histogram.sum / 1e9,
    p50 = quantile_s(last, 0.5),
    p90 = quantile_s(last, 0.9),
    p99 = quantile_s(last, 0.99),
    p999 = quantile_s(last, 0.999),
    max = quantile_s(last, 1),
    buckets = buckets_of(histogram),
  }
end

return M
