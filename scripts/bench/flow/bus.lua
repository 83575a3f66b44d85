--- What a bus costs: nanoseconds of a core for a record on its way to one subscriber or ten,
-- by `weir run --profile`.

local cjson = require("cjson")
local data = require("data")
local measure = require("measure")

local bus = {}

local SCRIPT = "build/bench/flow/bus.lua"
local SAID = "build/bench/flow/bus.json"

-- Ten hosts of the web records' 48.
local HOSTS = [[for n = 0, 9 do
  weir.from(weir.bus{ topic = ("web.web-%02d%%2Eeu"):format(n) }):to(weir.discard{})
end]]

local function readers(count, pattern)
  return ('for _ = 1, %d do weir.from(weir.bus{ topic = "%s" }):to(weir.discard{}) end'):format(
    count, pattern)
end

local CASES = {
  { "one topic, one subscriber", "web", readers(1, "web"), 1 },
  { "one topic, ten subscribers", "web", readers(10, "web"), 10 },
  { "a topic of a field, one subscriber to all", "web.{host}", readers(1, "web.*"), 1 },
  { "a topic of a field, ten subscribers to all", "web.{host}", readers(10, "web.*"), 10 },
  { "a topic of a field, ten subscribers to one each", "web.{host}", HOSTS, 10 / 48 },
}

local function write(topic, subscribers)
  local file = assert(io.open(SCRIPT, "w"))
  file:write(('local weir = require "weir"\nweir.from(...):to(weir.bus{ topic = "%s" })\n%s\n')
    :format(topic, subscribers))
  file:close()
end

-- What one run says of itself: what its segments took, and how many records came.
local function once(input)
  local cost = measure.once({ "sh", "-c",
    ("exec build/weir run --workers 1 --profile --summary json %s -- %s 2>%s"):format(SCRIPT, input,
      SAID) }, "/dev/null")
  assert(cost.exit == 0, SCRIPT .. " failed; see " .. SAID)
  local said = cjson.decode(io.lines(SAID)())
  cost.segments = 0
  for _, task in ipairs(said.profile.tasks) do
    cost.segments = cost.segments + (task.kind == "segment" and task.cpu_ms / 1e3 or 0)
  end
  return cost, said.records_out
end

local function row_of(case, input, records, runs)
  local name, topic, subscribers, copies = unpack(case)
  local costs = {}
  write(topic, subscribers)
  for i = 1, runs do
    local cost, delivered = once(input)
    local share = delivered / records / copies
    assert(copies >= 1 and share == 1 or math.abs(share - 1) < 0.1, name .. ": wrong count")
    costs[i] = cost
  end
  local median = measure.median(costs)
  return {
    name = name, records = records, seconds = median.wall, rate = records / median.wall,
    cpu_us = median.cpu / records * 1e6, spread = median.spread,
    note = ("%.0f ns a record"):format(measure.middle_of(costs, "segments") / records * 1e9),
  }
end

--- Rows of the table, see flow.lua.
function bus.run(settings)
  local records = settings.records / 4
  local input = data.file("web", records)
  local rows = {}
  for i, case in ipairs(CASES) do
    rows[i] = row_of(case, input, records, settings.runs)
  end
  return rows
end

return bus
