local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/clock.h", "engine/base/err.h", "engine/base/histogram.h",
  "engine/data/line.h", "engine/sched/edge.h")

local pool, edge

-- A batch of `rows` rows, numbered by its sequence.
local function batch(number, rows)
  local made = C.weir_batch_new(pool)
  made.sequence = number
  for _ = 1, rows or 1 do
    C.weir_line_add(made, "{}", 2)
  end
  return made
end

local function pop()
  local out = ffi.new("weir_batch *[1]")
  local code = C.weir_edge_pop(edge, out)
  if code ~= C.WEIR_OK then
    return nil, code
  end
  local number = tonumber(out[0].sequence)
  C.weir_batch_unref(out[0])
  return number
end

local function book()
  local found = C.weir_edge_count(edge)
  return tonumber(found.sent), tonumber(found.received), tonumber(found.dropped),
    tonumber(found.held)
end

describe("an edge", function()
  before_each(function()
    pool = C.weir_pool_new(4)
    edge = C.weir_edge_new()
  end)

  after_each(function()
    C.weir_edge_free(edge)
    C.weir_pool_free(pool)
  end)

  local function fill()
    for number = 1, C.WEIR_EDGE_BATCHES do
      assert.equal(C.WEIR_OK, C.weir_edge_push(edge, batch(number)))
    end
  end

  it("gives batches in their order, and counts their records", function()
    C.weir_edge_push(edge, batch(1, 3))
    C.weir_edge_push(edge, batch(2, 2))
    assert.equal(1, tonumber(C.weir_edge_peek(edge).sequence))
    assert.equal(1, pop())
    assert.same({ 5, 3, 0, 2 }, { book() })
    assert.equal(2, pop())
    assert.same({ nil, C.WEIR_EEMPTY }, { pop() })
  end)

  it("is full when its credit is used up", function()
    fill()
    assert.equal(0, C.weir_edge_has_room(edge, 0))
    local more = batch(9)
    assert.equal(C.WEIR_EFULL, C.weir_edge_push(edge, more))
    C.weir_batch_unref(more)
    pop()
    assert.equal(1, C.weir_edge_has_room(edge, 0))
  end)

  it("keeps the order of what was taken aside to make room", function()
    fill()
    C.weir_edge_make_room(edge)
    assert.equal(1, C.weir_edge_has_room(edge, 0))
    C.weir_edge_push(edge, batch(9))
    for number = 1, 9 do
      assert.equal(number, pop())
    end
    assert.same({ 9, 9, 0, 0 }, { book() })
  end)

  it("takes nothing aside while there is room", function()
    C.weir_edge_push(edge, batch(1))
    C.weir_edge_make_room(edge)
    assert.same({ 1, 0, 0, 1 }, { book() })
  end)

  it("ends when it is closed and empty", function()
    C.weir_edge_push(edge, batch(1))
    C.weir_edge_close(edge)
    assert.equal(0, C.weir_edge_at_end(edge))
    pop()
    assert.equal(1, C.weir_edge_at_end(edge))
  end)

  it("knows how long records waited, once somebody asks, aside or not", function()
    local now = ffi.new("int64_t[1]", 1000)
    local clock = ffi.new("weir_clock[1]", C.weir_clock_by_hand(now))
    local waits = ffi.new("weir_histogram")
    C.weir_edge_push(edge, batch(1, 100)) -- before anybody has asked
    C.weir_edge_measure(edge, clock)
    for number = 2, C.WEIR_EDGE_BATCHES do
      C.weir_edge_push(edge, batch(number, 10))
      now[0] = now[0] + 1
    end
    local refused = batch(0)
    assert.equal(C.WEIR_EFULL, C.weir_edge_push(edge, refused))
    C.weir_batch_unref(refused)
    assert.equal(1, pop())
    assert.equal(0, C.weir_edge_add_waits(edge, waits))
    assert.equal(2, pop())
    C.weir_edge_push(edge, batch(9, 1))
    C.weir_edge_push(edge, batch(10, 1))
    C.weir_edge_make_room(edge)
    C.weir_edge_push(edge, batch(11, 1))
    now[0] = now[0] + 20
    for number = 3, 11 do
      assert.equal(number, pop())
    end
    assert.equal(1, C.weir_edge_add_waits(edge, waits))
    assert.equal(7 * 10 + 3, tonumber(waits.count))
    assert.equal(7, tonumber(waits.least)) -- 2
    assert.equal(26, tonumber(waits.greatest)) -- 3
    assert.equal(10 * (7 + 26 + 25 + 24 + 23 + 22 + 21) + 3 * 20, tonumber(waits.sum))
    C.weir_edge_measure(edge, nil)
    C.weir_edge_push(edge, batch(12, 1))
    pop()
    C.weir_histogram_reset(waits)
    C.weir_edge_add_waits(edge, waits)
    assert.equal(73, tonumber(waits.count))
  end)

  it("counts as dropped what nobody wants any more", function()
    fill()
    C.weir_edge_make_room(edge)
    C.weir_edge_push(edge, batch(9, 2))
    pop()
    C.weir_edge_cancel(edge)
    assert.equal(1, C.weir_edge_at_end(edge))
    assert.equal(1, C.weir_edge_has_room(edge, 0))
    assert.equal(C.WEIR_OK, C.weir_edge_push(edge, batch(10, 5)))
    assert.same({ 15, 1, 14, 0 }, { book() })
  end)
end)
