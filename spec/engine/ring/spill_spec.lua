--- What of a queue lies on disk: who puts and takes waits for nobody; who works does.

local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/data/batch.h",
  "engine/data/line.h", "engine/ring/spill.h")

pcall(ffi.cdef, "int dup2(int, int);")
pcall(ffi.cdef, "int open(const char *, int, ...);")
pcall(ffi.cdef, "int close(int);")
pcall(ffi.cdef, "int getpid(void);")

local seed = tonumber(os.getenv("SEED")) or os.time()
local LATER = 1e9 -- whatever lingers is due then
local pool, spill, directory, next_record

local function open(max_disk)
  local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
  assert(C.weir_spill_open(out, directory, max_disk or 0, pool, message) == 0,
    ffi.string(message))
  spill = out[0]
end

local function close()
  C.weir_spill_close(spill)
  spill = nil
end

-- One batch, whose records are numbered on; `size` bytes more in each. The spill's answer,
-- and the batch, whose references are the caller's to look at.
local function put(count, size, now)
  local batch = C.weir_batch_new(pool)
  for i = 0, count - 1 do
    local row = ('{"n":%d,"pad":"%s"}'):format(next_record + i, ("x"):rep(size or 0))
    assert(C.weir_line_add(batch, row, #row) == 0)
  end
  local rc = C.weir_spill_put(spill, batch, now or 0)
  if rc == 0 then
    next_record = next_record + count
  end
  return rc, batch
end

local function put_away(...)
  local rc, batch = put(...)
  C.weir_batch_unref(batch)
  return rc
end

local function numbers_of(batch)
  local out = {}
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    out[i + 1] = tonumber(text:match("%d+"))
  end
  return out
end

-- The records of the next batch, and that, which the caller gives back.
local function take()
  local out = ffi.new("weir_batch *[1]")
  if C.weir_spill_take(spill, out) ~= 0 then
    return nil
  end
  return numbers_of(out[0]), out[0]
end

local function work(now, hurry)
  return C.weir_spill_work(spill, now or LATER, hurry or 0)
end

local function count(name)
  return tonumber(C.weir_spill_count(spill)[name])
end

-- The number of the descriptor of what is written to, by looking at all of them.
local function segment_fd()
  local pipe = io.popen(("ls -l /proc/%d/fd"):format(ffi.C.getpid()))
  local fd = pipe:read("*a"):match("(%d+) %-> " .. directory:gsub("%p", "%%%0") .. "/%d+%.log")
  pipe:close()
  return assert(tonumber(fd))
end

describe(("a spill (seed %d)"):format(seed), function()
  before_each(function()
    pool, next_record = C.weir_pool_new(64), 1
    directory = os.tmpname()
    os.remove(directory)
  end)

  after_each(function()
    if spill ~= nil then
      close()
    end
    C.weir_pool_free(pool)
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  it("writes and reads for nobody who puts and takes", function()
    open()
    put_away(2)
    put_away(3)
    assert.equal(0, C.weir_spill_is_empty(spill))
    assert.equal(5, count("records"))
    assert.equal(0, count("disk_bytes"))
    work() -- it is written
    assert.is_nil(take())
    assert.is_true(count("disk_bytes") > 0)
    work() -- and read
    for _, expected in ipairs({ { 1, 2 }, { 3, 4, 5 } }) do
      assert.equal(1, C.weir_spill_has_next(spill))
      local got, batch = take()
      assert.same(expected, got)
      C.weir_batch_unref(batch)
    end
    assert.equal(1, C.weir_spill_is_empty(spill))
  end)

  it("has little wait for company, and much be written at once", function()
    open()
    put_away(1, 10, 5e6)
    local due = tonumber(C.weir_spill_next_ns(spill, 0))
    assert.is_true(due > 5e6 and due < 15e6)
    assert.equal(5e6, tonumber(C.weir_spill_next_ns(spill, 1)))
    for _ = 1, 10 do
      put_away(1, 100000, 6e6)
    end
    assert.equal(5e6, tonumber(C.weir_spill_next_ns(spill, 0)))
  end)

  it("lets a batch go when it is safe, and not before", function()
    open()
    local _, batch = put(4)
    assert.equal(2, batch.references)
    work(LATER)
    assert.equal(2, batch.references)
    assert.equal(0, C.weir_spill_is_safe(spill))
    work(LATER + C.WEIR_SPILL_SYNC_NS - 1)
    assert.equal(2, batch.references)
    work(LATER + C.WEIR_SPILL_SYNC_NS)
    assert.equal(1, batch.references)
    assert.equal(1, C.weir_spill_is_safe(spill))
    C.weir_batch_unref(batch)
  end)

  it("takes no more than may wait to be safe, until it is", function()
    open()
    local bytes = 0
    repeat
      local rc, batch = put(1, 300000)
      bytes = bytes + (rc == 0 and tonumber(C.weir_batch_memory(batch)) or 0)
      C.weir_batch_unref(batch)
    until rc ~= 0
    assert.equal(0, C.weir_spill_has_room(spill))
    assert.is_true(bytes >= C.WEIR_SPILL_UNSAFE_BYTES)
    assert.is_true(bytes < C.WEIR_SPILL_UNSAFE_BYTES + 1e6)
    assert.equal(0, C.weir_spill_is_stuck(spill))
    work() -- a part of it: as much as is made safe at once
    assert.equal(1, C.weir_spill_has_room(spill))
    assert.equal(0, C.weir_spill_is_safe(spill))
    repeat
      work(LATER, 1)
    until C.weir_spill_is_safe(spill) == 1
  end)

  it("reads ahead so much, and on when half of it is gone", function()
    open()
    for _ = 1, 150 do
      assert.equal(0, put_away(1, 100000))
      work(LATER, 1)
    end
    while tonumber(C.weir_spill_next_ns(spill, 0)) == 0 do
      work(1)
    end
    local taken = 0
    while tonumber(C.weir_spill_next_ns(spill, 0)) ~= 0 do
      local _, batch = take()
      C.weir_batch_unref(batch)
      taken = taken + 1
    end
    assert.is_true(taken > 1 and taken < C.WEIR_SPILL_AHEAD_BYTES / 100000)
    assert.equal(1, C.weir_spill_has_next(spill))
  end)

  it("keeps what was read ahead, and not taken, for the next one", function()
    open()
    for _ = 1, 5 do
      put_away(1)
    end
    work()
    work()
    local got, batch = take()
    assert.same({ 1 }, got)
    C.weir_batch_unref(batch)
    close()
    open()
    assert.equal(4, count("found"))
    work()
    for n = 2, 5 do
      got, batch = take()
      assert.same({ n }, got)
      C.weir_batch_unref(batch)
    end
    assert.equal(1, C.weir_spill_is_empty(spill))
  end)

  it("looks for what was delivered of what an earlier process left", function()
    open()
    put_away(3)
    close()
    open()
    work()
    local _, batch = take()
    C.weir_batch_unref(batch)
    assert.is_true(tonumber(C.weir_spill_next_ns(spill, 0)) <= LATER + 100e6)
    work(LATER + 100e6)
    work(LATER + 100e6)
    assert.is_true(tonumber(C.weir_spill_next_ns(spill, 0)) > 9e18) -- never
  end)

  it("looks less often where nothing is delivered, and tells nobody", function()
    open()
    put_away(3)
    close()
    open()
    local began, now, looks = tonumber(C.weir_spill_gains(spill)), LATER, 0
    work(now)
    local gains = tonumber(C.weir_spill_gains(spill))
    assert.is_true(gains > began)
    while now < LATER + 10e9 do
      local next_ns = tonumber(C.weir_spill_next_ns(spill, 0))
      assert.is_true(next_ns > now and next_ns <= now + 100e6)
      now, looks = next_ns, looks + 1
      work(now)
    end
    assert.is_true(looks < 250)
    assert.equal(gains, tonumber(C.weir_spill_gains(spill)))
  end)

  it("holds an eighth of what the process may, if that is less", function()
    open()
    C.weir_mem_set_limit(64 * 2^20)
    local bytes = 0
    repeat
      local rc, batch = put(1, 300000)
      bytes = bytes + (rc == 0 and tonumber(C.weir_batch_memory(batch)) or 0)
      C.weir_batch_unref(batch)
    until rc ~= 0
    C.weir_mem_set_limit(0)
    assert.is_true(bytes >= 8 * 2^20 and bytes < 9 * 2^20)
  end)

  it("waits for room, and goes on when what was taken has made some", function()
    open(40000)
    for _ = 1, 6 do
      put_away(1, 9000)
    end
    work()
    assert.equal(1, C.weir_spill_is_stuck(spill))
    assert.equal(0, C.weir_spill_has_room(spill))
    assert.equal(1, count("refused"))
    assert.equal(6, count("records"))
    local seen, now = {}, LATER
    while #seen < 6 do
      now = math.max(now + 1, tonumber(C.weir_spill_next_ns(spill, 0)))
      assert.equal(0, work(now))
      local got, batch = take()
      while got do
        seen[#seen + 1] = got[1]
        C.weir_batch_unref(batch)
        got, batch = take()
      end
    end
    assert.same({ 1, 2, 3, 4, 5, 6 }, seen)
    assert.equal(0, C.weir_spill_is_stuck(spill))
    assert.equal(1, C.weir_spill_has_room(spill))
  end)

  it("gives back what has not been written, and has nothing before it there", function()
    open()
    put_away(1)
    put_away(2)
    local got, batch = take()
    assert.same({ 1 }, got)
    C.weir_batch_unref(batch)
    work()
    assert.equal(0, C.weir_spill_has_next(spill)) -- it is to be read
    put_away(1)
    assert.is_nil(take())
    work()
    work()
    got, batch = take()
    assert.same({ 2, 3 }, got)
    C.weir_batch_unref(batch)
    got, batch = take()
    assert.same({ 4 }, got)
    C.weir_batch_unref(batch)
  end)

  it("lets go of what was delivered before it was safe", function()
    open()
    local _, batch = put(1)
    work()
    work()
    local _, back = take()
    assert.equal(2, batch.references)
    C.weir_batch_unref(back)
    work(LATER + 1)
    assert.equal(1, batch.references)
    C.weir_batch_unref(batch)
  end)

  it("gives back at once what finds no room", function()
    open(40000)
    for _ = 1, 6 do
      put_away(1, 9000)
    end
    work() -- not all have room
    work()
    local held = {}
    for n = 1, 6 do
      local got, batch = take()
      assert.same({ n }, got)
      held[n] = batch -- so that nothing is released
    end
    assert.equal(1, count("refused"))
    assert.equal(1, C.weir_spill_is_empty(spill))
    assert.equal(1, C.weir_spill_has_room(spill))
    for _, batch in ipairs(held) do
      C.weir_batch_unref(batch)
    end
  end)

  it("fails for good when a sync fails, says why, and lets go of nothing", function()
    open()
    put_away(1)
    work()
    local null = ffi.C.open("/dev/null", 1, ffi.cast("int", 0))
    local fd = segment_fd()
    ffi.C.dup2(null, fd) -- takes all, and can make nothing safe
    ffi.C.close(null)
    local _, batch = put(2)
    assert.equal(-22, work(LATER + C.WEIR_SPILL_SYNC_NS))
    assert.matches("cannot be made safe", ffi.string(C.weir_spill_message(spill)), 1, true)
    assert.equal(1, C.weir_spill_is_stuck(spill))
    assert.equal(0, C.weir_spill_has_room(spill))
    assert.equal(2, batch.references)
    C.weir_batch_unref(batch)
    assert.equal(C.WEIR_EFULL, put_away(1))
    assert.equal(-22, work(LATER * 2))
    assert.is_true(tonumber(C.weir_spill_next_ns(spill, 0)) > 9e18) -- never
  end)

  it("drops what was put and not written, and no more", function()
    open()
    put_away(3)
    work()
    put_away(4)
    assert.equal(4, tonumber(C.weir_spill_drop(spill).dropped))
    assert.equal(3, count("records"))
    close()
    open()
    assert.equal(3, count("found"))
  end)

  it("loses nothing and mixes nothing up, whoever comes when", function()
    math.randomseed(seed)
    local taken, now = 0, 0
    open()
    for _ = 1, 3000 do
      local what = math.random(100)
      now = now + math.random(0, 3e6)
      if what <= 40 then
        put_away(math.random(1, 20), math.random(0, 200), now)
      elseif what <= 70 then
        local got, batch = take()
        for i, n in ipairs(got or {}) do
          assert.equal(taken + i, n)
        end
        taken = taken + (got and #got or 0)
        C.weir_batch_unref(batch)
      elseif what <= 99 then
        assert.equal(0, work(now))
      else
        close()
        open()
      end
      assert.equal(next_record - 1 - taken, count("records"))
    end
  end)
end)
