local driver = require("spec.support.driver")
local engine = require("spec.support.engine")

local C = engine.load("engine/io/memory.h", "engine/sched/edge.h", "engine/sched/flow.h")

local ROWS = 3000

describe("what a flow says of itself", function()
  it("has since when the oldest record is there that has not arrived", function()
    local flow, from, to = driver.pair(ROWS)
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
    local flow, _, _, edge = driver.pair(ROWS)
    driver.run(flow)
    local book = C.weir_edge_count(edge)
    assert.equal(ROWS, tonumber(book.sent))
    assert.is_true(book.batches > 0 and book.bytes >= ROWS * 7)
    assert.is_true(book.held == 0 and book.held_max > 0 and book.held_max <= ROWS)
    C.weir_flow_free(flow)
  end)
end)
