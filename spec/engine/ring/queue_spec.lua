local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/mem.h", "engine/data/batch.h", "engine/data/line.h",
  "engine/ring/queue.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local S = 1e9
local never = 0x7fffffffffffffffLL

local pool, queue, next_record

local function open(options)
  queue = C.weir_queue_new(ffi.new("weir_queue_options", options), pool)
end

-- Rows of ten bytes with their newline, numbered on.
local function batch_of(count)
  local batch = C.weir_batch_new(pool)
  batch.priority = C.WEIR_CLASS_NORMAL
  for _ = 1, count do
    local row = ('{"n":%3d}'):format(next_record)
    assert(C.weir_line_add(batch, row, #row) == 0)
    next_record = next_record + 1
  end
  return batch
end

-- Puts so many records as one batch; how many of them it took, let in or dropped.
local function put(count, now)
  local batch = batch_of(count)
  local taken = C.weir_queue_put(queue, batch, 0, now or 0)
  C.weir_batch_unref(batch)
  return taken
end

local function numbers_of(batch)
  if batch == nil then
    return nil
  end
  local out = {}
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    out[#out + 1] = tonumber(text:match("%d+"))
  end
  C.weir_batch_unref(batch)
  return out
end

local function take(now, drain)
  return numbers_of(C.weir_queue_take(queue, C.WEIR_QUEUE_ALL, now or 0, drain and 1 or 0))
end

local function take_all(now)
  local out = {}
  for batch in function() return take(now) end do
    for _, n in ipairs(batch) do
      out[#out + 1] = n
    end
  end
  return out
end

-- By that time; all of it unless told.
local function dropped(now, drain)
  local out = {}
  local function next_one()
    return numbers_of(C.weir_queue_take_dropped(queue, C.WEIR_QUEUE_ALL, now or 2LL ^ 62,
      drain or 1))
  end
  for batch in next_one do
    for _, n in ipairs(batch) do
      out[#out + 1] = n
    end
  end
  return out
end

local function stats()
  return C.weir_queue_count(queue)
end

describe("queue", function()
  before_each(function()
    pool, next_record = C.weir_pool_new(4), 1
  end)

  after_each(function()
    C.weir_queue_free(queue)
    C.weir_pool_free(pool)
  end)

  it("gives batches on as they came", function()
    open({ max_records = 100 })
    put(2)
    put(3)
    assert.same({ 1, 2 }, take())
    assert.same({ 3, 4, 5 }, take())
    assert.is_nil(take())
  end)

  it("block takes what fits, and the rest later", function()
    open({ max_records = 3 })
    local batch = batch_of(5)
    assert.equal(3, C.weir_queue_put(queue, batch, 0, 0))
    assert.equal(1, C.weir_queue_is_full(queue, C.WEIR_CLASS_NORMAL))
    assert.equal(0, C.weir_queue_put(queue, batch, 3, 0))
    assert.same({ 1, 2, 3 }, take())
    assert.equal(2, C.weir_queue_put(queue, batch, 3, 0))
    C.weir_batch_unref(batch)
    assert.same({ 4, 5 }, take())
  end)

  it("counts bytes with their newlines; the record that reaches the limit is the last", function()
    open({ max_bytes = 25 })
    assert.equal(3, put(4))
    assert.equal(1, C.weir_queue_is_full(queue, C.WEIR_CLASS_NORMAL))
    take()
    C.weir_queue_free(queue)
    open({ max_bytes = 20 })
    assert.equal(2, put(4))
    C.weir_queue_free(queue)
    open({ max_bytes = 5 })
    assert.equal(1, put(2))
  end)

  it("drop_newest leaves out what is too much", function()
    open({ max_records = 3, overflow = C.WEIR_OVERFLOW_DROP_NEWEST, max_dropped_bytes = 1 })
    assert.equal(5, put(5))
    assert.equal(2, put(2))
    assert.same({ 1, 2, 3 }, take_all())
    assert.same({ 4, 5, 6, 7 }, dropped())
    assert.equal(4, tonumber(stats().dropped_newest))
  end)

  it("drop_oldest makes room for what is new", function()
    open({ max_records = 3, overflow = C.WEIR_OVERFLOW_DROP_OLDEST, max_dropped_bytes = 1 })
    put(2)
    put(2)
    put(5)
    assert.same({ 1, 2, 3, 4, 5, 6 }, dropped())
    assert.same({ 7, 8, 9 }, take_all())
    assert.equal(6, tonumber(stats().dropped_oldest))
  end)

  it("sample thins from half of the limit on, evenly, and blocks at it", function()
    open({ max_records = 10, overflow = C.WEIR_OVERFLOW_SAMPLE, keep = 0.25,
      max_dropped_bytes = 1 })
    assert.equal(13, put(13))
    assert.same({ 6, 7, 8, 10, 11, 12 }, dropped())
    assert.same({ 1, 2, 3, 4, 5, 9, 13 }, take())
    put(5)
    local taken = put(100)
    assert.is_true(taken < 100)
    assert.equal(1, C.weir_queue_is_full(queue, C.WEIR_CLASS_NORMAL))
    assert.equal(10, tonumber(stats().records))
  end)

  it("keeps what is dropped only for somebody", function()
    open({ max_records = 1, overflow = C.WEIR_OVERFLOW_DROP_NEWEST })
    put(3)
    assert.is_true(never == C.weir_queue_dropped_ns(queue, C.WEIR_QUEUE_ALL, 0))
    assert.equal(2, tonumber(stats().dropped_newest))
  end)

  it("has what is dropped wait for more, up to a time or half of the room for it", function()
    open({ max_records = 1, overflow = C.WEIR_OVERFLOW_DROP_NEWEST, max_dropped_bytes = 100,
      dropped_wait_ns = 2 * S })
    local function due(drain)
      return tonumber(C.weir_queue_dropped_ns(queue, C.WEIR_QUEUE_ALL, drain or 0)) / S
    end
    put(2, 1 * S)
    put(2, 2 * S)
    assert.equal(3, due())
    assert.is_true(due(1) <= 2)
    assert.same({}, dropped(2.9 * S, 0))
    assert.same({ 2, 3, 4 }, dropped(3 * S, 0))
    put(1, 10 * S)
    assert.equal(12, due())
    put(4, 11 * S)
    assert.is_true(due() <= 11)
    assert.same({ 5, 6, 7, 8, 9 }, dropped(11 * S, 0))
    put(1, 20 * S)
    assert.same({ 10 }, dropped(20 * S, 1))
  end)

  it("delays each record, and not when it drains", function()
    open({ delay_ns = 5 * S })
    put(1, 1 * S)
    put(1, 2 * S)
    assert.equal(6 * S, tonumber(C.weir_queue_next_ns(queue, C.WEIR_QUEUE_ALL, 0)))
    assert.is_nil(take(6 * S - 1))
    assert.same({ 1 }, take(6 * S))
    assert.is_nil(take(6 * S))
    assert.same({ 2 }, take(6 * S, true))
  end)

  it("lets records go as fast as a rate allows", function()
    open({ rate_per_s = 10, burst = 2 })
    put(5)
    assert.same({ 1, 2 }, take(0))
    assert.is_nil(take(0.05 * S))
    local next_ns = tonumber(C.weir_queue_next_ns(queue, C.WEIR_QUEUE_ALL, 0))
    assert.is_true(next_ns >= 0.1 * S and next_ns < 0.1001 * S)
    assert.same({ 3 }, take(next_ns))
    assert.same({ 4, 5 }, take(9 * S))
  end)

  it("drops what a rate does not allow", function()
    open({ rate_per_s = 10, burst = 3, overflow = C.WEIR_OVERFLOW_DROP_NEWEST,
      max_dropped_bytes = 1 })
    put(5, 0)
    put(2, 0.1 * S)
    assert.same({ 1, 2, 3, 6 }, take_all(1 * S))
    assert.same({ 4, 5, 7 }, dropped())
    assert.equal(3, tonumber(stats().over_rate))
  end)

  it("an empty batch waits in its place", function()
    open({ max_records = 10 })
    put(1)
    put(0)
    put(0)
    put(1)
    assert.same({ { 1 }, {}, { 2 } }, { take(), take(), (take()) })
    assert.equal(1, C.weir_queue_is_empty(queue, 0))
  end)

  it("says how many waited when it is cleared", function()
    open({ max_records = 10 })
    put(4)
    assert.equal(4, tonumber(C.weir_queue_clear(queue).dropped))
    assert.equal(4, tonumber(stats().records_max))
  end)

  -- The model is a list of numbers with the same policy, one record at a time.
  local function model_put(model, n)
    local limit = model.limit
    if model.overflow == "drop_newest" and #model.waiting >= limit then
      table.insert(model.dropped, n)
      return true
    elseif model.overflow == "block" and #model.waiting >= limit then
      return false
    elseif model.overflow == "sample" then
      if #model.waiting >= limit then
        return false
      elseif #model.waiting * 2 >= limit then
        model.sampled = model.sampled + model.keep
        if model.sampled < 1 then
          table.insert(model.dropped, n)
          return true
        end
        model.sampled = model.sampled - 1
      end
    end
    table.insert(model.waiting, n)
    if model.overflow == "drop_oldest" and #model.waiting > limit then
      table.insert(model.dropped, table.remove(model.waiting, 1))
    end
    return true
  end

  local function random_run(overflow)
    local limit, keep = math.random(1, 40), math.random(1, 9) / 16
    local model = { overflow = overflow, limit = limit, keep = keep, waiting = {}, dropped = {},
      sampled = 0, most = 0 }
    open({ max_records = limit, overflow = C["WEIR_OVERFLOW_" .. overflow:upper()], keep = keep,
      max_dropped_bytes = 1 })
    local lost = {}
    for _ = 1, 200 do
      if math.random() < 0.6 then
        local first, count = next_record, math.random(0, 25)
        local taken = put(count)
        local n = first
        while n < first + count and model_put(model, n) do
          n = n + 1
        end
        assert.equal(n - first, taken)
        model.most = math.max(model.most, #model.waiting)
      else
        for _, n in ipairs(take() or {}) do
          assert.equal(table.remove(model.waiting, 1), n)
        end
      end
      for _, n in ipairs(dropped()) do
        lost[#lost + 1] = n
      end
      assert.equal(#model.waiting, tonumber(stats().records))
      assert.equal(model.most, tonumber(stats().records_max))
      assert.same(model.dropped, lost)
      if next_record > 900 then
        break
      end
    end
    assert.same(model.waiting, take_all())
    assert.equal(0, tonumber(stats().records))
    assert.equal(0, tonumber(stats().bytes))
    C.weir_queue_free(queue)
    queue, next_record = nil, 1
  end

  for _, overflow in ipairs({ "block", "drop_newest", "drop_oldest", "sample" }) do
    it("does as the model of " .. overflow, function()
      math.randomseed(seed)
      for _ = 1, 125 do
        random_run(overflow)
      end
    end)
  end

  describe("that gathers", function()
    local function gathered(now, drain)
      local batch = C.weir_queue_take(queue, C.WEIR_QUEUE_ALL, now or 0, drain and 1 or 0)
      if batch == nil then
        return nil
      end
      assert.equal(1, batch.row_count)
      local span = batch.rows[0]
      local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
      C.weir_batch_unref(batch)
      return text
    end

    it("makes one record of many when it has enough", function()
      open({ max_records = 3, gathers = 1 })
      assert.equal(2, put(2))
      assert.is_nil(gathered(9 * S))
      assert.equal(1, put(2))
      assert.equal('{"records":[{"n":  1},{"n":  2},{"n":  3}],"count":3}', gathered())
      assert.is_nil(gathered(9 * S))
      local book = C.weir_queue_count(queue)
      assert.same({ 0, 3, 1 }, { tonumber(book.records), tonumber(book.gathered),
        tonumber(book.gatherings) })
    end)

    it("counts bytes up to the record that reaches them", function()
      open({ max_bytes = 15, gathers = 1 })
      assert.equal(2, put(5))
      assert.equal('{"records":[{"n":  1},{"n":  2}],"count":2}', gathered())
    end)

    it("waits no longer than it may from the first record on, and says until when", function()
      open({ max_records = 10, delay_ns = S, gathers = 1 })
      put(1, 5 * S)
      put(0, 5 * S)
      put(1, 5.5 * S)
      assert.equal(6 * S, tonumber(C.weir_queue_next_ns(queue, C.WEIR_QUEUE_ALL, 0)))
      assert.is_nil(gathered(6 * S - 1))
      assert.equal('{"records":[{"n":  1},{"n":  2}],"count":2}', gathered(6 * S))
      assert.is_true(C.weir_queue_is_empty(queue, 0) == 1)
      put(1, 7 * S)
      assert.equal(8 * S, tonumber(C.weir_queue_next_ns(queue, C.WEIR_QUEUE_ALL, 0)))
    end)

    it("joins many batches to one, with the way back to where each record stood", function()
      open({ max_records = 3, delay_ns = S, gathers = 1, joins = 1 })
      for first, count in pairs({ 2, [3] = 1 }) do
        local batch = batch_of(count)
        batch.record_first, batch.position = first, 10 * (first - 1)
        C.weir_queue_put(queue, batch, 0, 0)
        C.weir_batch_unref(batch)
      end
      local batch = C.weir_queue_take(queue, C.WEIR_QUEUE_ALL, 0, 0)
      assert.same({ 3, 1, '{"n":  1}\n{"n":  2}\n{"n":  3}\n' }, { batch.row_count,
        batch.line_rows, ffi.string(batch.bytes.bytes, batch.bytes.size) })
      for row = 0, 2 do
        assert.equal(row + 1, tonumber(C.weir_batch_row_number(batch, row)))
      end
      C.weir_batch_unref(batch)
      local book = C.weir_queue_count(queue)
      assert.same({ 0, 0 }, { tonumber(book.records), tonumber(book.gathered) })
    end)

    it("gives what it has when nothing more will come", function()
      open({ max_records = 10, gathers = 1 })
      put(1)
      put(1)
      assert.equal('{"records":[{"n":  1},{"n":  2}],"count":2}', gathered(0, true))
      assert.is_nil(gathered(0, true))
    end)
  end)
end)
