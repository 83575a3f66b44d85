local human = require("weir.cli.human")
local jit_report = require("weir.cli.jit")
local json = require("weir.cli.json")
local paint = require("weir.cli.paint")
local profile = require("weir.cli.profile")
local progress = require("weir.cli.progress")
local stats_table = require("weir.cli.stats")
local summary = require("weir.cli.summary")
local summary_json = require("weir.cli.summary_json")
local layout = require("weir.cli.table")

local function no_env() end

local function stats(changes)
  local all = { records_in = 1234567, records_out = 10, bytes_in = 50e6, bytes_total = 100e6,
    errors = 0, elapsed_ms = 2000, place = "access.jsonl" }
  for key, value in pairs(changes or {}) do
    all[key] = value
  end
  return all
end

describe("numbers for people", function()
  it("group their digits", function()
    assert.same({ "0", "999", "1,000", "1,234,567", "-1,000" }, { human.count(0),
      human.count(999), human.count(1000), human.count(1234567), human.count(-1000) })
  end)

  it("know one from many", function()
    assert.same({ "1 record", "0 records", "2,000 records" }, { human.plural(1, "record"),
      human.plural(0, "record"), human.plural(2000, "record") })
  end)

  it("scale", function()
    assert.same({ "512 B", "1.50 kB", "177 MB", "2.00 GB" }, { human.bytes(512),
      human.bytes(1500), human.bytes(177e6), human.bytes(2e9) })
    assert.same({ "87/s", "953 k/s", "1.20 M/s" }, { human.rate(87), human.rate(953e3),
      human.rate(1.2e6) })
  end)

  it("are short where there is little room", function()
    local short, latency = {}, {}
    for i, n in ipairs({ 0, 87, 0.25, 9.7, 999, 1000, 12345, 1234567, 123456789, 4e12 }) do
      short[i] = human.short(n)
    end
    assert.same({ "0", "87", "0.25", "9.7", "999", "1.00k", "12.3k", "1.23M", "123M", "4.00T" },
      short)
    for i, seconds in ipairs({ 0, 4.12e-4, 0.0012, 0.0123, 1.5, 42, 600 }) do
      latency[i] = human.latency(seconds)
    end
    assert.same({ "0us", "412us", "1.2ms", "12ms", "1.5s", "42s", "10m" }, latency)
  end)

  it("measure time", function()
    assert.same({ "12 ms", "2.1 s", "1:35", "1:02:05" }, { human.duration_ms(12),
      human.duration_ms(2100), human.duration_ms(95000), human.duration_ms(3725000) })
  end)
end)

describe("a table", function()
  local columns = { { title = "stage" }, { title = "sent", right = true } }

  it("puts names left and numbers right", function()
    assert.same({ "stage   sent", "filter     5", "größer  1000" },
      layout.lines(columns, { { "filter", "5" }, { "größer", "1000" } }, 80))
  end)

  it("shortens names in the middle where it is narrow, never numbers", function()
    local lines = layout.lines(columns, { { "a_very_long_name_of_a_stage", "12345678" } }, 24)
    assert.equal("a_very…a_stage  12345678", lines[2])
  end)

  it("fits any width that has room for it", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    for _ = 1, 300 do
      local rows = {}
      for i = 1, math.random(5) do
        rows[i] = { ("x"):rep(math.random(60)), ("9"):rep(math.random(10)) }
      end
      local width = math.random(24, 90)
      for _, line in ipairs(layout.lines(columns, rows, width)) do
        assert.is_true(layout.width_of(line) <= width, "seed " .. seed)
      end
    end
  end)
end)

describe("the progress line", function()
  it("says how far, how fast and how long still", function()
    assert.equal("1,234,567 records  617 k/s  50%, 2.0 s left  25.0 MB/s  access.jsonl",
      progress.new():line(stats(), 100))
  end)

  it("counts errors", function()
    assert.matches("3 errors", progress.new():line(stats({ errors = 3 }), 100))
  end)

  it("leaves out what it cannot know", function()
    local line = progress.new():line(stats({ bytes_total = 0 }), 100)
    assert.falsy(line:find("left"))
  end)

  it("never guesses from a past end", function()
    local line = progress.new():line(stats({ bytes_in = 200e6 }), 100)
    assert.falsy(line:find("left"))
  end)

  it("never exceeds the width", function()
    for width = 20, 90 do
      assert.is_true(#progress.new():line(stats({ errors = 9 }), width) <= width)
    end
  end)

  it("follows a rate that changes, smoothly", function()
    local meter = progress.new()
    meter:line(stats({ records_in = 1000, elapsed_ms = 1000 }), 90)
    local line = meter:line(stats({ records_in = 3000, elapsed_ms = 2000 }), 90)
    local rate = tonumber(line:match("([%d.]+) k/s"))
    assert.is_true(rate > 1.5 and rate < 2)
  end)
end)

describe("the table of a run at work", function()
  local function rate(s, m)
    return { s = s, m = m or s }
  end

  local function node(name, changes)
    local all = { name = name, kind = "filter", received = 9e6, made = 0, sent = 8765432, dead = 0,
      dropped = {}, held = 0, in_rate = rate(1234567), out_rate = rate(1e6, 9e5), queue = 512,
      queue_max = 8000, busy_share = 0.455 }
    for key, value in pairs(changes or {}) do
      all[key] = value
    end
    return all
  end

  local snapshot = {
    state = "running", elapsed_s = 12, dead = 3, written = { records = 2000 },
    read = { records = 9e6, rate = rate(1234567), byte_rate = rate(2e8) },
    nodes = {
      node("file:/var/log/nginx/access.log", { dead = 3, queue = 0, queue_max = 0 }),
      node("filter:status", { dropped = { on_error = 5, stopped = 2 }, busy_share = 0 }),
      node("out", { held = 12, latency = { p50 = 0.001, p90 = 0.002, p99 = 0.0123, p999 = 2 } }),
    },
  }

  local function plain(_, text)
    return text
  end

  it("fits every window of 60 columns and more, and shows more in a wider one", function()
    local last = 0
    for width = 60, 160 do
      local lines = stats_table.lines(snapshot, width)
      for _, line in ipairs(lines) do
        assert.is_true(layout.width_of(line) <= width, line)
      end
      local _, columns = lines[1]:gsub("%S+", "")
      assert.is_true(columns >= last)
      last = columns
    end
    assert.equal(15, last)
  end)

  it("tells rates, losses, queues and latencies, and nothing that nobody has", function()
    local text = stats_table.text(snapshot, 100, plain)
    assert.matches("^12%.0 s, running: 9,000,000 records read %(1%.23 M/s, 200 MB/s%), "
      .. "2,000 written, 3 dead\n", text)
    assert.matches("\nfilter:status +8%.77M +1%.23M +1%.00M +900k +7 +- +- +512", text)
    assert.matches("\nout .* 12ms", text)
    local idle = node("a", { queue = 0, queue_max = 0 })
    local without = stats_table.lines({ nodes = { idle } }, 100)
    assert.same({
      "node    out   in/s  out/s   1m/s   busy",
      "a     8.77M  1.23M  1.00M   900k    46%",
    }, without)
  end)

  it("ends with what waits, and why", function()
    local now = setmetatable({ nodes = { node("in", { hindrance = 'nothing matches "a" yet' }),
      node("out") } }, { __index = snapshot })
    local text = stats_table.text(now, 100, plain)
    assert.matches('\nout [^\n]*\nin waits: nothing matches "a" yet\n\n$', text)
  end)
end)

describe("colour", function()
  it("is for terminals that want it", function()
    assert.equal("\27[31mx\27[0m", paint.brush(nil, true, no_env)("bad", "x"))
    assert.equal("x", paint.brush(nil, false, no_env)("bad", "x"))
    local function refused(name)
      return name == "NO_COLOR" and "1" or nil
    end
    assert.equal("x", paint.brush(nil, true, refused)("bad", "x"))
    assert.equal("\27[31mx\27[0m", paint.brush("always", false, refused)("bad", "x"))
    assert.equal("x", paint.brush("never", true, no_env)("bad", "x"))
  end)
end)

local function report()
  return {
    exit_code = 0,
    stats = { records_in = 2000, records_out = 20, bytes_in = 372000 },
    result = {
      ok = true, elapsed_ms = 2000, dead = 3,
      dead_reasons = { { reason = "not valid UTF-8", count = 3, first = "a.jsonl:17" } },
      outputs = {
        { name = "file:errors.jsonl", place = "errors.jsonl", records = 20, bytes = 900 },
        { name = "stdout", records = 1 },
      },
      ledger = { balanced = true, edges = { { from = "a", to = "b", sent = 1 } }, stages = {
        { name = "access", kind = "source", received = 0, made = 2000, sent = 1997, dead = 3 },
        { name = "throttle", kind = "throttle", received = 1997, sent = 1990,
          dropped = { over_limit = 7 } },
      } },
    },
  }
end

describe("the summary", function()
  local plain = paint.brush("never")

  it("says what came in, what came out and where every record is", function()
    assert.equal([[
finished after 2.0 s
  read    2,000 records, 372 kB  1000/s  186 kB/s
  wrote   20 records, 900 B to errors.jsonl
          1 record to stdout
  dead    3 records
          3  not valid UTF-8, first in a.jsonl:17

  stage     received   made   sent  dropped  dead
  access           -  2,000  1,997        -     3
  throttle     1,997      -  1,990        7     -
  the ledger balances
]], (summary.text(report(), 80, plain):gsub("1%.00 k/s", "1000/s")))
  end)

  it("owns up to a ledger that does not balance", function()
    local wrong = report()
    wrong.result.ledger.balanced = false
    assert.matches("the ledger does not balance", summary.text(wrong, 80, plain))
  end)

  it("has the same numbers as one line of JSON", function()
    local line = summary_json.line(report())
    assert.falsy(line:find("\n"))
    local decoded = require("cjson").decode(line)
    assert.equal(2000, decoded.records_in)
    assert.equal(7, decoded.ledger.stages[2].dropped.over_limit)
    assert.equal("a.jsonl:17", decoded.dead_reasons[1].first)
    assert.equal(1, decoded.ledger.edges[1].sent)
  end)
end)

describe("JSON of the program's own", function()
  it("escapes what must be", function()
    local text = 'a"\\\n\t\1ü'
    assert.equal(text, require("cjson").decode("[" .. json.scalar(text) .. "]")[1])
  end)

  it("says null for what is no number", function()
    assert.same({ "null", "null", "12" }, { json.scalar(0 / 0), json.scalar(math.huge),
      json.scalar(12) })
  end)
end)

describe("a profile", function()
  it("has a line for each task and stage, and none for what did nothing", function()
    local text = profile.text({ elapsed_ms = 2000, profile = {
      peak_bytes = 14e6,
      workers = { { wall_ms = 1500 } },
      tasks = {
        { name = "in", kind = "source", records = 1000, wall_ms = 500, cpu_ms = 400,
          allocations = 0, allocated_bytes = 0 },
        { name = "p/1", kind = "segment", records = 1000, wall_ms = 1500, cpu_ms = 1500,
          allocations = 2000, allocated_bytes = 64000, parts = {
            { name = "map", records = 1000, wall_ms = 1500, samples = 15, allocations = 2000,
              allocated_bytes = 64000 },
            { name = "(write)", wall_ms = 0, samples = 0, allocations = 0, allocated_bytes = 0 },
          } },
      },
    } }, 80, paint.brush("never", false, no_env))
    assert.equal([[
profile
  workers  75 % busy of 2.00 s; the process held 14.0 MB at most

  where  records      time  share    CPU  ns/record  allocations       of
  in       1,000  500.0 ms   25 %   80 %     500000            -        -
  p/1      1,000    1.50 s   75 %  100 %    1500000        2,000  64.0 kB
    map    1,000    1.50 s   75 %           1500000        2,000  64.0 kB
  inside segments by 15 samples; allocations are those of segments
]], text)
  end)
end)

describe("a report on what was compiled", function()
  it("lists what was not, or says that there is nothing to list", function()
    local compiled = { records = 10, traces = 1, code_bytes = 2000, flushes = 0, aborts = {} }
    assert.equal([[
jit: 10 records of the input run
  1 trace, 2.00 kB of machine code; the code cache was never flushed
  no compilation was given up
]], jit_report.text(compiled, 80))
    compiled.flushes = 2
    compiled.aborts[1] = { where = "a.lua:3", reason = "NYI: bytecode FNEW", count = 12 }
    assert.equal([[
jit: 10 records of the input run
  1 trace, 2.00 kB of machine code; the code cache was flushed 2 times

  not compiled  times  why
  a.lua:3          12  NYI: bytecode FNEW
  loops, frames and unrolling are no fault: it begins again elsewhere
]], jit_report.text(compiled, 80))
  end)
end)
