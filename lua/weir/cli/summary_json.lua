--- The summary of a run, for programs: one line of JSON.

local json = require("weir.cli.json")

local M = {}

local function dead_reason(reason)
  return json.pick(reason, { "reason", "count", "first" })
end

local function output(each)
  return json.pick(each, { "name", "place", "records", "bytes", "withheld" })
end

local function counter(each)
  return json.pick(each, { "task", "name", "count" })
end

local function stage(each)
  return json.object({
    { "name", json.scalar(each.name) },
    { "kind", json.scalar(each.kind) },
    { "received", json.scalar(each.received) },
    { "made", json.scalar(each.made) },
    { "sent", json.scalar(each.sent) },
    { "filtered", json.scalar(each.filtered) },
    { "absorbed", json.scalar(each.absorbed) },
    { "dropped", json.map(each.dropped or {}) },
    { "dead", json.scalar(each.dead) },
    { "held", json.scalar(each.held) },
    { "left", json.scalar(each.left) },
  })
end

local function ledger(each)
  return json.object({
    { "balanced", json.scalar(each.balanced) },
    { "stages", json.array(each.stages, stage) },
    { "edges", json.array(each.edges, json.map) },
  })
end

local function worker(each)
  return json.pick(each, { "wall_ms", "cpu_ms", "steps" })
end

local function part(each)
  return json.pick(each, { "name", "kind", "records", "wall_ms", "samples", "allocations",
    "allocated_bytes" })
end

local function task(each)
  return json.object({
    { "name", json.scalar(each.name) },
    { "kind", json.scalar(each.kind) },
    { "records", json.scalar(each.records) },
    { "wall_ms", json.scalar(each.wall_ms) },
    { "cpu_ms", json.scalar(each.cpu_ms) },
    { "steps", json.scalar(each.steps) },
    { "allocations", json.scalar(each.allocations) },
    { "allocated_bytes", json.scalar(each.allocated_bytes) },
    { "parts", each.parts and json.array(each.parts, part) },
  })
end

local function profile(each)
  return json.object({
    { "peak_bytes", json.scalar(each.peak_bytes) },
    { "workers", json.array(each.workers, worker) },
    { "tasks", json.array(each.tasks, task) },
  })
end

--- The line, without its newline.
---@param report { result: table, stats: table, exit_code: integer }
function M.line(report)
  local result, stats = report.result, report.stats
  return json.object({
    { "ok", json.scalar(result.ok) },
    { "exit_code", json.scalar(report.exit_code) },
    { "code", result.code and json.scalar(result.code) },
    { "message", result.message and json.scalar(result.message) },
    { "interrupted", json.scalar(result.interrupted or false) },
    { "elapsed_ms", json.scalar(math.floor(result.elapsed_ms * 1000 + 0.5) / 1000) },
    { "records_in", json.scalar(stats.records_in) },
    { "records_out", json.scalar(stats.records_out) },
    { "bytes_in", json.scalar(stats.bytes_in) },
    { "dead", json.scalar(result.dead) },
    { "dead_reasons", json.array(result.dead_reasons, dead_reason) },
    { "outputs", json.array(result.outputs, output) },
    { "counters", json.array(result.counters or {}, counter) },
    { "ledger", ledger(result.ledger) },
    { "profile", result.profile and profile(result.profile) },
  })
end

return M
