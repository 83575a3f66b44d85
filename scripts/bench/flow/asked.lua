--- What it costs a run to be asked for numbers, inside one process.
--
--     luajit scripts/bench/flow/asked.lua SCRIPT SECONDS
--
-- By turns of a fiftieth of a second it is asked and not asked, so that a slow minute of the
-- machine is both's. Prints how many pairs of turns there were; the median of what the core took
-- more for a record in the turn that was asked, and the ends of its 95 % interval, in ns; records
-- read in a second; and what a second of asking takes of the thread that asks, in ms: twenty
-- looks at what segments are at, and all numbers told as a table, as Prometheus reads them, and
-- as JSON. That thread is timed by itself and left out of the turns.

package.path = "lua/?.lua;lua/?/init.lua;" .. package.path

local ffi = require("ffi")

ffi.cdef([[
typedef struct bench_time { long s; long ns; } bench_time;
int clock_gettime(int clock, bench_time *time);
int setenv(const char *name, const char *value, int overwrite);
]])

-- Globally, so that ffi.C finds it, as in the binary.
local library = ffi.load("./build/libweir.so", true)
package.preload["weir.plain"] = assert(package.loadlib("./build/libweir.so", "weir_plain_open"))
ffi.C.setenv("LUA_PATH", package.path, 1)

local C = require("weir.cdef").load("engine/sched/measure.h")
local exposition = require("weir.run.exposition")
local json = require("weir.native.json")
local metrics = require("weir.run.metrics")
local pipelines = require("weir.run.engine")
local stats = require("weir.cli.stats")

local OF_PROCESS, OF_THREAD = 2, 3 -- clocks
local WARM_MS, TURN_MS = 2000, 20
local TELL_EVERY, LOOKS = 50, 20 -- turns; looks a second

local time = ffi.new("bench_time")

local function cpu_ns(clock)
  ffi.C.clock_gettime(clock, time)
  return tonumber(time.s) * 1e9 + tonumber(time.ns)
end

local function plain(_, text)
  return text
end

local function tell(meter)
  local from = cpu_ns(OF_THREAD)
  for _ = 1, LOOKS do
    meter:look()
  end
  local snapshot = meter:snapshot()
  assert(#exposition.text(snapshot) + #stats.text(snapshot, 160, plain)
    + #json.encode(snapshot) > 0)
  return cpu_ns(OF_THREAD) - from
end

local function start(path)
  local engine, err = pipelines.open({ path = path, options = { workers = 1 } })
  assert(engine, err and err.message)
  local ok, failure = engine:start()
  assert(ok, failure and failure.message)
  return engine
end

-- Waits so long; whether it is at work.
local function rest(engine, span_ms)
  local until_ms, at_work = engine:elapsed_ms() + span_ms, true
  while at_work and engine:elapsed_ms() < until_ms do
    at_work = engine:poll(math.max(1, until_ms - engine:elapsed_ms())) == true
  end
  return at_work
end

-- One turn: ns of the core for a record, of all threads but this one.
local function turn(engine, asked)
  C.weir_flow_measure(engine.flow, asked and 1 or 0)
  local records, from, own = engine:stats().records_in, cpu_ns(OF_PROCESS), cpu_ns(OF_THREAD)
  assert(rest(engine, TURN_MS), "its input is too short")
  local spent = cpu_ns(OF_PROCESS) - from - (cpu_ns(OF_THREAD) - own)
  return spent / (engine:stats().records_in - records)
end

-- The median of a sorted list, and what it lies between, 19 times of 20.
local function median(sorted)
  local n = #sorted
  local reach = 0.98 * math.sqrt(n)
  local function at(place)
    return sorted[math.max(1, math.min(n, place))]
  end
  return (at(math.ceil(n / 2)) + at(math.floor(n / 2) + 1)) / 2,
    at(math.floor(n / 2 - reach)), at(math.ceil(n / 2 + reach) + 1)
end

local function measure(engine, seconds)
  local meter = metrics.new(engine)
  local differences, told_ns, told = {}, 0, 0
  rest(engine, WARM_MS)
  local from_ms, from_records = engine:elapsed_ms(), engine:stats().records_in
  while engine:elapsed_ms() - from_ms < seconds * 1000 do
    local cost = {}
    for i = 1, 2 do
      local asked = (i == 1) == (#differences % 2 == 0)
      cost[asked] = turn(engine, asked)
    end
    local difference = cost[true] - cost[false]
    if math.abs(difference) < math.huge then -- else it had no core at all, once
      differences[#differences + 1] = difference
    end
    if #differences % TELL_EVERY == 0 then
      told, told_ns = told + 1, told_ns + tell(meter)
    end
  end
  table.sort(differences)
  local rate = (engine:stats().records_in - from_records) * 1000 / (engine:elapsed_ms() - from_ms)
  local middle, low, high = median(differences)
  return { #differences, middle, low, high, rate, told_ns / told / 1e6 }
end

local engine = start(arg[1])
print(table.concat(measure(engine, tonumber(arg[2])), " "))
engine:abort("measured")
io.stdout:flush()
os.exit(library and 0)
