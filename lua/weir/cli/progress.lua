--- The progress line: how far, how fast, how many errors, how long still.

local human = require("weir.cli.human")
local layout = require("weir.cli.table")

local M = {}

local Meter = {}
Meter.__index = Meter

-- A rate is smoothed over about a second, so that it can be read.
local SMOOTHING_MS = 1000
-- Before that, what remains is a guess of nothing.
local GUESS_AFTER_MS = 1000

function M.new()
  return setmetatable({ last = nil, records_per_s = 0, bytes_per_s = 0 }, Meter)
end

local function blend(old, new, span_ms)
  local weight = 1 - math.exp(-span_ms / SMOOTHING_MS)
  return old + (new - old) * weight
end

function Meter:update(stats)
  local last = self.last or { elapsed_ms = 0, records_in = 0, bytes_in = 0 }
  local span_ms = stats.elapsed_ms - last.elapsed_ms
  if span_ms <= 0 then
    return
  end
  local records_per_s = (stats.records_in - last.records_in) * 1000 / span_ms
  local bytes_per_s = (stats.bytes_in - last.bytes_in) * 1000 / span_ms
  if self.last then
    records_per_s = blend(self.records_per_s, records_per_s, span_ms)
    bytes_per_s = blend(self.bytes_per_s, bytes_per_s, span_ms)
  end
  self.records_per_s, self.bytes_per_s = records_per_s, bytes_per_s
  -- A copy: the engine may reuse its table.
  self.last = {
    elapsed_ms = stats.elapsed_ms,
    records_in = stats.records_in,
    bytes_in = stats.bytes_in,
  }
end

local function remaining(stats)
  local total, done = stats.bytes_total or 0, stats.bytes_in
  if total <= 0 or done <= 0 or done > total or stats.elapsed_ms < GUESS_AFTER_MS then
    return nil
  end
  local left_ms = stats.elapsed_ms * (total - done) / done
  return ("%.0f%%, %s left"):format(math.floor(done * 100 / total),
    human.duration_ms(math.max(left_ms, 1000)))
end

--- The line for these numbers; what matters least is left out where it is narrow.
---@param stats table  of engine:stats()
---@param width number
function Meter:line(stats, width)
  self:update(stats)
  local parts = { human.plural(stats.records_in, "record") }
  parts[#parts + 1] = human.rate(self.records_per_s)
  if stats.errors > 0 then
    parts[#parts + 1] = human.plural(stats.errors, "error")
  end
  parts[#parts + 1] = remaining(stats)
  parts[#parts + 1] = human.bytes(self.bytes_per_s) .. "/s"
  parts[#parts + 1] = stats.place
  local line = parts[1]
  for i = 2, #parts do
    if layout.width_of(line) + 2 + layout.width_of(parts[i]) > width then
      break
    end
    line = line .. "  " .. parts[i]
  end
  return line
end

return M
