local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/sched/edge.h")

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
