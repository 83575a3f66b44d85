local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/io/memory.h", "engine/sched/edge.h", "engine/sched/flow.h")

local ROWS = 3000

-- A source in memory, and a sink behind it; the source stamps its batches by the real
-- clock, so the flow has that one too.
local function play()
  local flow = C.weir_flow_new(C.weir_clock_real())
  local source, sink = ffi.new("weir_source *[1]"), ffi.new("weir_sink *[1]")
  assert(C.weir_memory_source_new(source) == 0 and C.weir_memory_sink_new(sink) == 0)
  for _ = 1, ROWS do
    C.weir_memory_source_add(source[0], '{"n":1}', 7)
  end
  local from = C.weir_flow_add_source(flow, "from", source[0])
  local to = C.weir_flow_add_sink(flow, "to", sink[0])
  local edge = C.weir_flow_connect(flow, from, 0, to, 0)
  return flow, from, to, edge
end

describe("what a flow says of itself", function()
  it("has since when the oldest record is there that has not arrived", function()
    local flow, from, to = play()
    local seen = 0
    driver.run(flow, nil, nil, function()
      local oldest = tonumber(C.weir_flow_oldest_ns(flow, to))
      seen = math.max(seen, oldest)
    end)
    assert.is_true(math.abs(seen / 1e9 - os.time()) < 3600)
    assert.equal(0, tonumber(C.weir_flow_oldest_ns(flow, to)))
    assert.equal(0, tonumber(C.weir_flow_oldest_ns(flow, from)))
    C.weir_flow_free(flow)
  end)

  it("has batches, bytes and the most that waited of each edge", function()
    local flow, _, _, edge = play()
    driver.run(flow)
    local book = C.weir_edge_count(edge)
    assert.equal(ROWS, tonumber(book.sent))
    assert.is_true(book.batches > 0 and book.bytes >= ROWS * 7)
    assert.is_true(book.held == 0 and book.held_max > 0 and book.held_max <= ROWS)
    C.weir_flow_free(flow)
  end)
end)
