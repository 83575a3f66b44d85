--- What came of a run: the result that the command line tells, after the end.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local flow = require("weir.run.flow")
local ledger = require("weir.run.ledger")

local C = cdef.load("engine/base/err.h", "engine/host/engine.h", "engine/sched/flow.h",
  "engine/sched/tally.h")

local M = {}

local function dead_reasons(tally)
  local out, at = {}, {}
  local entry = ffi.new("weir_tally_entry")
  while C.weir_tally_get(tally, #out, entry) ~= 0 do
    out[#out + 1] = {
      stage = ffi.string(entry.stage),
      reason = ffi.string(entry.reason),
      count = tonumber(entry.count),
      first = ffi.string(entry.place),
    }
    at[out[#out]] = #out
  end
  table.sort(out, function(a, b)
    return a.count > b.count or (a.count == b.count and at[a] < at[b])
  end)
  return out
end

-- Nobody asked for the default sink of dead letters, so it speaks of a file alone.
local function is_silent(self, node, records)
  return node.default_dead and (records == 0 or flow.dead_letters(self).kind == "discard")
end

local function outputs(self)
  local out = {}
  for _, task in ipairs(self.plan.tasks) do
    if task.kind == "sink" then
      local stats = C.weir_flow_task_count(self.flow, task.number)
      local records = tonumber(stats.written)
      if not is_silent(self, task.node, records) then
        out[#out + 1] = {
          name = task.name,
          place = ffi.string(C.weir_flow_task_place(self.flow, task.number)),
          records = records,
          bytes = tonumber(stats.bytes),
          withheld = stats.withheld ~= 0 or nil,
        }
      end
    end
  end
  return out
end

local SPILL_COUNTS = { "spilled", "lost", "refused", "left" }
local SPILL_NAMES = { left = "left_on_disk", refused = "waits_for_disk", lost = "lost_on_disk" }

local function add_spill(out, self, task)
  local spill = C.weir_flow_buffer_count(self.flow, task.number).spill
  for _, name in ipairs(SPILL_COUNTS) do
    local value = tonumber(spill[name])
    if value > 0 then
      out[#out + 1] = { task = task.name, name = SPILL_NAMES[name] or name, count = value }
    end
  end
end

-- Keys that left a stage before their time.
local function add_forgotten(out, book)
  for _, stage in ipairs(book.stages) do
    if stage.forgotten > 0 then
      out[#out + 1] = { task = stage.name, name = "keys_forgotten", count = stage.forgotten }
    end
  end
end

-- What sources, sinks and stages that wait have counted of their own accord, and buffers on
-- disk, unless it is nothing.
local function counters(self, book)
  local out, count = {}, ffi.new("uint32_t[1]")
  add_forgotten(out, book)
  for _, task in ipairs(self.plan.tasks) do
    if task.kind == "buffer" then
      add_spill(out, self, task)
    end
    local list = C.weir_flow_counters(self.flow, task.number, count)
    for i = 0, count[0] - 1 do
      local value = tonumber(C.weir_counter_value(list[i]))
      if value > 0 then
        out[#out + 1] = {
          task = task.node.flights and task.node.name or task.name,
          name = ffi.string(list[i].name),
          count = value,
        }
      end
    end
  end
  return out
end

local KIND_OF_CODE = { ELAMBDA = "script", EERRORS = "errors" }

-- A reader of standard output that goes away is how `| head` ends a run.
local function kind_of(name, message)
  if name == "EPIPE" and message:find("^standard output") then
    return "pipe"
  end
  return KIND_OF_CODE[name] or "engine"
end

local function empty_result(self)
  return {
    ok = false,
    kind = self.failure.kind,
    message = self.failure.message,
    elapsed_ms = 0,
    dead = 0,
    dead_reasons = {},
    outputs = {},
    counters = {},
    ledger = { stages = {}, edges = {}, balanced = true },
  }
end

--- The result of an engine that has ended.
---@param self table          an engine
---@param elapsed_ms number?  if it was started
function M.of(self, elapsed_ms)
  if self.failure then
    return empty_result(self)
  end
  local out = ffi.new("const char *[1]")
  local code = C.weir_flow_failure(self.flow, out)
  local failed = code ~= 0
  local name, message = ffi.string(C.weir_err_name(code)), ffi.string(out[0])
  local book = ledger.of(self.flow, self.plan, self.edges, nil, not self:has_ended())
  return {
    ok = not failed,
    kind = failed and kind_of(name, message) or nil,
    code = failed and name or nil,
    message = failed and message or nil,
    elapsed_ms = elapsed_ms,
    interrupted = self.stopped_ms ~= nil
      or self.engine ~= nil and C.weir_engine_interrupts(self.engine) > 0,
    dead = tonumber(C.weir_flow_count(self.flow).records_dead),
    dead_reasons = dead_reasons(C.weir_flow_tally(self.flow)),
    outputs = outputs(self),
    counters = counters(self, book),
    ledger = book,
    profile = self.profile and self.profile.of(self.flow, self.plan, book),
  }
end

return M
