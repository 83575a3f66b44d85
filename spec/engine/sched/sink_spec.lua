--- A sink that meets what may pass, as a full disk: a limit on the size of files plays one.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local sinks = require("spec.support.sink")
local support = require("spec.engine.io.support")

local C = engine.load("engine/base/err.h", "engine/codec/json.h", "engine/io/file_sink.h",
  "engine/io/memory.h", "engine/sched/flow.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local EFBIG = -27
local ROWS, S = 5000, 1e9

local flow, now, to

local function source()
  return C.weir_flow_add_source(flow, "in", driver.numbers(1, ROWS))
end

local function open(max)
  local clock
  clock, now = driver.clock()
  flow = C.weir_flow_new(clock)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_file_sink_new(out, ffi.new("weir_file_sink_options", {
    path = support.path("out"), encoder = C.weir_json_encoder_new(),
    retries = { max = max, backoff_ns = S, max_backoff_ns = 8 * S, jitter = 0.2 },
  })) == 0)
  local from = source()
  to = C.weir_flow_add_sink(flow, "out", out[0])
  C.weir_flow_connect(flow, from, 0, to, 0)
end

-- What it waits for, or nil.
local function hindrance()
  local text = ffi.new("char[512]")
  return C.weir_flow_hindrance(flow, to, text, 512) ~= 0 and ffi.string(text) or nil
end

local function rows(first, last)
  local out = {}
  for n = first, last do
    out[#out + 1] = ('{"n":%d}\n'):format(n)
  end
  return table.concat(out)
end

local function counts()
  local stats = C.weir_flow_task_count(flow, to)
  return tonumber(stats.written), tonumber(stats.dropped), tonumber(stats.received)
end

describe(("a sink that is hindered (seed %d)"):format(seed), function()
  before_each(function()
    math.randomseed(seed)
    os.execute("mkdir -p " .. support.path())
  end)

  after_each(function()
    C.weir_flow_free(flow)
    support.clean()
  end)

  it("says what it waits for, and goes on when that has passed", function()
    open(100)
    local waits = 0
    sinks.with_file_limit(math.random(1, 40000), function(limit)
      driver.run(flow, nil, now, function()
        local why = hindrance()
        if why then
          assert.truthy(why:find("out: cannot be written: File too large; ", 1, true), why)
          waits = waits + 1
          limit(tonumber(now[0]) > 30 * S and 2 ^ 40 or #(support.read("out") or "") + 10)
        end
      end)
    end)
    assert.is_true(waits > 0 and waits < 60, waits) -- 1, 2, 4 and then 8 s
    assert.is_nil(hindrance())
    assert.equal(C.WEIR_OK, C.weir_flow_failure(flow, nil))
    assert.same({ ROWS, 0, ROWS }, { counts() })
    assert.equal(rows(1, ROWS), support.read("out"))
  end)

  local function given_up(watch)
    sinks.with_file_limit(math.random(1, 40000), function()
      driver.run(flow, nil, now, watch)
    end)
    local written, dropped, received = counts()
    assert.equal(received, written + dropped)
    assert.is_true(dropped > 0)
    C.weir_flow_free(flow)
    assert.equal(rows(1, written), support.read("out") or "")
    flow = nil
  end

  it("fails when it has tried often enough, with the whole records that it counts", function()
    open(3)
    given_up(function()
      if C.weir_flow_finished(flow) ~= 0 then
        assert.equal(EFBIG, C.weir_flow_failure(flow, nil))
      end
    end)
    assert.is_true(tonumber(now[0]) >= 1 * S + 0.8 * 7 * S)
  end)

  it("gives up what it holds when the flow is abandoned", function()
    open(100)
    given_up(function()
      if hindrance() then
        C.weir_flow_abandon(flow, C.WEIR_ESTOPPED, "enough")
      end
    end)
  end)
end)
