--- Numbers for everything: what a running engine counts, as a plain table.
--
--     local meter = require("weir.run.metrics").new(engine)
--     local snapshot = meter:snapshot()       -- about once a second, so that rates are known
--
--     snapshot = {
--       pipeline, state = "running"|"paused"|"draining"|"finished", elapsed_s, start_time_s,
--       workers, read = total, written = total, dead = n,
--       nodes  = { { name, kind, task,            -- sources, stages, buffers, sinks
--                    received, made, sent, filtered, absorbed, dead, dropped = { [reason] = n },
--                    held, queue, queue_max, bytes?, busy_s?, busy_share?, forgotten?,
--                    in_rate = rate, out_rate = rate, byte_rate = rate?,
--                    lag = { bytes?, seconds? }?, events = { [name] = n }?,
--                    levels = { [name] = n }?, buffer = { ... }?,
--                    latency = times?,            -- of what it handed on, since it was read
--                    waited = times?,             -- before it, on its slowest edge
--                    hindrance = text? }... },    -- why an end waits, as for room on a disk
--       tasks  = { { name, kind, busy_s, steps, busy_share }... },
--       edges  = { { from, port, to, aside = true?, -- what was dropped, dead letters
--                    maker, reader,               -- as people know who sends and who takes
--                    sent, received, dropped, held, left, held_max, batches,
--                    bytes, rate = rate, byte_rate = rate, waited = times? }... },
--       errors = { { node, code, reason, count, first }... },
--       memory = { used, peak, limit, resident }, cpu_s }
--     total  = { records, bytes, rate = rate, byte_rate = rate }
--     rate   = { s = in the last second, m = in the last minute }      -- each per second
--     times  = { count, sum_s, p50, p90, p99, p999, max, buckets = { { le, count }... }?,
--                with = name? }               -- of the stage that hands on for this one too
--
-- Counts never go back while the run is at work. Quantiles, in seconds, are those of the
-- last half to whole minute; count, sum and buckets of the run, or since the first snapshot.
-- bytes are read by a source, written by a sink, sent by others. What the stages of a segment
-- take of its time is known to whoever looks often (busy.lua), and their bytes to whoever
-- looks inside now and then (weights.lua).

local busy = require("weir.run.busy")
local cdef = require("weir.cdef")
local edges = require("weir.run.edges")
local ffi = require("ffi")
local latency = require("weir.run.latency")
local ledger = require("weir.run.ledger")
local nodes = require("weir.run.nodes")
local process = require("weir.run.process")
local rates = require("weir.run.rates")
local weights = require("weir.run.weights")

local C = cdef.load("engine/base/err.h", "engine/sched/flow.h", "engine/sched/measure.h",
  "engine/sched/tally.h")

local M = {}

local Meter = {}
Meter.__index = Meter

---@param engine table  of weir.run.engine, started
function M.new(engine)
  return setmetatable({
    engine = engine,
    start_time_s = os.time() - engine:stats().elapsed_ms / 1000,
    book = rates.new(),
    latency = latency.new(),
    busy = busy.new(engine),
    weights = weights.new(engine),
    busy_s = {}, -- by task, as of the last snapshot
  }, Meter)
end

--- Sees what segments are at; whether any has been at work since the last time.
function Meter:look()
  return self.busy:look()
end

--- From now on what costs a little is measured too, once the engine has been started.
function Meter:measure()
  C.weir_flow_measure(self.engine.flow, 1)
end

function Meter:_total(key, records, bytes)
  records, bytes = self.book:steady(key, records), self.book:steady(key .. " bytes", bytes)
  return {
    records = records,
    bytes = bytes,
    rate = self.book:rate(key, records),
    byte_rate = self.book:rate(key .. " bytes", bytes),
  }
end

local function errors_of(flow)
  local out, entry = {}, ffi.new("weir_tally_entry")
  while C.weir_tally_get(C.weir_flow_tally(flow), #out, entry) ~= 0 do
    out[#out + 1] = {
      node = ffi.string(entry.stage),
      code = ffi.string(C.weir_err_name(entry.code)),
      reason = ffi.string(entry.reason),
      count = tonumber(entry.count),
      first = ffi.string(entry.place),
    }
  end
  return out
end

--- Numbers of now.
---@param now_ms number?  since the start; the engine's clock unless given
function Meter:snapshot(now_ms)
  local engine = self.engine
  local stats = engine:stats()
  local state = engine:state()
  local live = state ~= "finished"
  self.now_ms = now_ms or stats.elapsed_ms
  self.asked_ms = stats.elapsed_ms
  self:measure()
  self.book:open(self.now_ms, live)
  local counted = ledger.of(engine.flow, engine.plan, engine.edges, live)
  local snapshot = {
    pipeline = engine.graph.pipeline,
    state = state,
    elapsed_s = self.now_ms / 1000,
    start_time_s = self.start_time_s,
    workers = engine.options.workers,
    read = self:_total("read", stats.records_in, stats.bytes_in),
    written = self:_total("written", stats.records_out, stats.bytes_out),
    dead = self.book:steady("dead", stats.errors),
    nodes = {},
    tasks = {},
    edges = {},
    errors = errors_of(engine.flow),
    memory = process.memory(),
    cpu_s = os.clock(),
  }
  local of = nodes.show(snapshot, counted.stages, self)
  edges.show(snapshot, counted.edges, self, of)
  nodes.add_bytes(snapshot, self, of)
  self.book:close()
  return snapshot
end

return M
