--- What a queue does where its records have classes: each is a strand of its own.

local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/data/batch.h", "engine/data/line.h", "engine/ring/queue.h",
  "engine/ring/spill.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local RUNS = 250 -- of each policy
local CRITICAL, NORMAL, BACKGROUND = 0, 2, 4

local pool, queue, next_record

local function open(options)
  queue = C.weir_queue_new(ffi.new("weir_queue_options", options), pool)
end

-- Records of so many, numbered on; a hundred thousand is the class.
local function batch_of(count, class)
  local batch = C.weir_batch_new(pool)
  batch.priority = class
  for _ = 1, count do
    local row = ('{"n":%06d}'):format(class * 100000 + next_record)
    assert(C.weir_line_add(batch, row, #row) == 0)
    next_record = next_record + 1
  end
  return batch
end

local function put(count, class, now)
  local batch = batch_of(count, class)
  local taken = C.weir_queue_put(queue, batch, 0, now or 0)
  C.weir_batch_unref(batch)
  return taken
end

local function numbers_of(batch)
  local out = {}
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    out[#out + 1] = tonumber(text:match("%d+"))
    assert.equal(batch.priority, math.floor(out[#out] / 100000))
  end
  C.weir_batch_unref(batch)
  return out
end

local function take(classes, now)
  local batch = C.weir_queue_take(queue, classes or C.WEIR_QUEUE_ALL, now or 0, 0)
  return batch ~= nil and numbers_of(batch) or nil
end

local function each(give)
  local out, list = {}, give()
  while list do
    for _, n in ipairs(list) do
      out[#out + 1] = n
    end
    list = give()
  end
  return out
end

local function dropped()
  return each(function()
    local batch = C.weir_queue_take_dropped(queue, C.WEIR_QUEUE_ALL, 2LL ^ 62, 1)
    return batch ~= nil and numbers_of(batch) or nil
  end)
end

describe(("a queue of several classes (seed %d)"):format(seed), function()
  before_each(function()
    pool, next_record = C.weir_pool_new(4), 1
  end)

  after_each(function()
    C.weir_queue_free(queue)
    C.weir_pool_free(pool)
  end)

  it("gives what is urgent first, each class in its order", function()
    open({ max_records = 100 })
    put(2, BACKGROUND)
    put(1, CRITICAL)
    put(1, BACKGROUND)
    put(1, CRITICAL)
    assert.same({ 3, 5, 400001, 400002, 400004 }, each(take))
  end)

  it("gives only what is asked for", function()
    open({ max_records = 100 })
    put(1, BACKGROUND)
    put(1, CRITICAL)
    assert.same({ 400001 }, take(2 ^ BACKGROUND))
    assert.is_nil(take(2 ^ BACKGROUND))
    assert.same({ 2 }, take(2 ^ CRITICAL))
  end)

  it("block has room for each class", function()
    open({ max_records = 3 })
    assert.equal(3, put(5, BACKGROUND))
    assert.equal(1, C.weir_queue_is_full(queue, BACKGROUND))
    assert.equal(0, C.weir_queue_is_full(queue, CRITICAL))
    assert.equal(2, put(2, CRITICAL))
  end)

  it("does not let what is dropped, and not taken, hold up what is more urgent", function()
    for _, overflow in ipairs({ "DROP_NEWEST", "DROP_OLDEST" }) do
      open({ max_records = 3, overflow = C["WEIR_OVERFLOW_" .. overflow], max_dropped_bytes = 1 })
      put(5, BACKGROUND)
      assert.equal(1, C.weir_queue_is_full(queue, BACKGROUND))
      assert.equal(0, C.weir_queue_is_full(queue, CRITICAL))
      assert.equal(3, put(3, CRITICAL))
      assert.equal(6, tonumber(C.weir_queue_count(queue).records))
      assert.equal(2, #dropped())
      put(1, NORMAL)
      assert.equal(3, tonumber(C.weir_queue_count(queue).records))
      assert.equal(4, #dropped())
      C.weir_queue_free(queue)
    end
    queue = nil
  end)

  it("has what is urgent first to the tokens of a rate, and everybody at times", function()
    open({ rate_per_s = 10, burst = 1, max_starvation_ns = 1e9 })
    put(100, BACKGROUND)
    put(100, CRITICAL)
    local seen, last, longest = {}, 0, 0
    for tick = 0, 60 do
      local class = math.floor(assert(take(nil, tick * 1.001e8))[1] / 100000)
      seen[class] = (seen[class] or 0) + 1
      if class == BACKGROUND then
        longest, last = math.max(longest, tick - last), tick
      end
    end
    assert.is_true(seen[CRITICAL] > 50)
    assert.is_true(seen[BACKGROUND] >= 5)
    assert.is_true(longest <= 11)
  end)

  it("gathers each class by itself", function()
    open({ max_records = 2, gathers = 1 })
    put(1, BACKGROUND)
    put(1, CRITICAL)
    assert.is_true(C.weir_queue_take(queue, C.WEIR_QUEUE_ALL, 0, 0) == nil)
    put(1, CRITICAL)
    local batch = C.weir_queue_take(queue, C.WEIR_QUEUE_ALL, 0, 0)
    assert.equal('{"records":[{"n":000002},{"n":000003}],"count":2}\n',
      ffi.string(batch.bytes.bytes, batch.bytes.size))
    C.weir_batch_unref(batch)
  end)

  it("has a disk for each class", function()
    local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
    local options = ffi.new("weir_queue_options", { max_records = 2,
      overflow = C.WEIR_OVERFLOW_SPILL })
    local base = os.tmpname()
    for class = 0, 4 do
      assert(C.weir_spill_open(out, base .. class, 0, pool, message) == 0, ffi.string(message))
      options.spills[class] = out[0]
    end
    open(options)
    put(10, BACKGROUND)
    put(2, CRITICAL) -- finds room
    put(2, CRITICAL) -- does not
    local got = {}
    for _ = 1, 20 do
      for class = 0, 4 do
        assert(C.weir_spill_work(options.spills[class], 1e9, 0) == 0) -- writes
        assert(C.weir_spill_work(options.spills[class], 1e9, 0) == 0) -- and reads
      end
      C.weir_queue_refill(queue, 0)
      for _, n in ipairs(take() or {}) do
        got[#got + 1] = n
      end
    end
    for i = 1, 4 do
      assert.equal(10 + i, got[i])
    end
    for i = 1, 10 do
      assert.equal(BACKGROUND * 100000 + i, got[4 + i])
    end
    C.weir_queue_free(queue)
    queue = nil
    assert(os.execute(("rm -r %s %s?"):format(base, base)) == 0)
  end)

  -- The model: a list for each class, a record at a time.
  local function waiting_through(model, class)
    local sum = 0
    for c = 0, class do
      sum = sum + #model[c]
    end
    return sum
  end

  local function make_room(model)
    while waiting_through(model, 4) > model.limit do
      local least = 4
      while #model[least] == 0 do
        least = least - 1
      end
      local oldest = model.overflow == "drop_oldest"
      table.insert(model.dropped, table.remove(model[least], oldest and 1 or #model[least]))
    end
  end

  local function model_put(model, class, n)
    local list, overflow = model[class], model.overflow
    if (overflow == "block" or overflow == "sample") and #list >= model.limit then
      return false
    elseif overflow == "drop_newest" and waiting_through(model, class) >= model.limit then
      table.insert(model.dropped, n)
      return true
    elseif overflow == "sample" and #list * 2 >= model.limit then
      model.sampled[class] = model.sampled[class] + model.keep
      if model.sampled[class] < 1 then
        table.insert(model.dropped, n)
        return true
      end
      model.sampled[class] = model.sampled[class] - 1
    end
    table.insert(list, n)
    if overflow:find("^drop") then
      make_room(model)
    end
    return true
  end

  local function model_take(model, list)
    local class = 0
    while class < 4 and #model[class] == 0 do
      class = class + 1
    end
    for _, n in ipairs(list) do
      assert.equal(table.remove(model[class], 1), n)
    end
  end

  local function sorted(list)
    table.sort(list)
    return list
  end

  local function random_step(model)
    if math.random() < 0.6 then
      local class, count, first = math.random(0, 4), math.random(0, 12), next_record
      local taken, n = put(count, class), first
      while n < first + count and model_put(model, class, class * 100000 + n) do
        n = n + 1
      end
      assert.equal(n - first, taken)
    else
      model_take(model, take() or {})
    end
  end

  local function random_run(overflow)
    local model = { overflow = overflow, limit = math.random(1, 30), keep = math.random(1, 9) / 16,
      dropped = {}, sampled = { [0] = 0, 0, 0, 0, 0 }, [0] = {}, {}, {}, {}, {} }
    open({ max_records = model.limit, overflow = C["WEIR_OVERFLOW_" .. overflow:upper()],
      keep = model.keep, max_dropped_bytes = 1 })
    local lost = {}
    for _ = 1, 50 do
      random_step(model)
      for _, n in ipairs(dropped()) do
        lost[#lost + 1] = n
      end
      assert.equal(waiting_through(model, 4), tonumber(C.weir_queue_count(queue).records))
    end
    assert.same(sorted(model.dropped), sorted(lost))
    while waiting_through(model, 4) > 0 do
      model_take(model, assert(take()))
    end
    local book = C.weir_queue_count(queue)
    assert.same({ 0, 0 }, { tonumber(book.records), tonumber(book.bytes) })
    C.weir_queue_free(queue)
    queue, next_record = nil, 1
  end

  for _, overflow in ipairs({ "block", "drop_newest", "drop_oldest", "sample" }) do
    it("does as the model of " .. overflow, function()
      math.randomseed(seed)
      for _ = 1, RUNS do
        random_run(overflow)
      end
    end)
  end
end)
