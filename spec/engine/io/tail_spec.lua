local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/tail.h", "engine/io/roster.h", "engine/io/tail_source.h",
  "engine/codec/lines.h", "engine/base/clock.h")

local S = 1e9
local EARLIEST, LATEST = 0, 1

local now = ffi.new("int64_t[1]", 1000 * S)
local pool, held, tail, state_path, anchor

local function pass(seconds)
  now[0] = now[0] + seconds * S
end

local function options(paths, given)
  given = given or {}
  anchor = ffi.new("const char *[?]", #paths, paths)
  return ffi.new("weir_tail_options", {
    paths = anchor,
    path_count = #paths,
    state = given.state,
    decoder = given.decoder or C.weir_lines_decoder_new("line"),
    clock = C.weir_clock_by_hand(now),
    latest = given.start or EARLIEST,
    max_record = given.max_record or 0,
    block_size = given.block_size or 0,
  }), paths
end

local function open(paths, given)
  state_path = given and given.state
  tail = C.weir_tail_new((options(paths, given)))
  local code = C.weir_tail_open(tail)
  return code, ffi.string(C.weir_tail_message(tail))
end

-- As kill -9 does: what has been released since is not saved.
local function kill()
  support.without_a_trace(function()
    C.weir_tail_free(tail)
  end, state_path, state_path .. ".latest")
  tail = nil
end

local function close()
  C.weir_tail_free(tail)
  tail = nil
end

-- The next batch, or nil: { lines, faults, path, batch }.
local function step()
  local batch = C.weir_batch_new(pool)
  local code = C.weir_tail_step(tail, batch)
  if code ~= C.WEIR_OK then
    assert.equal(C.WEIR_EEMPTY, code)
    C.weir_batch_unref(batch)
    return nil
  end
  local got = { lines = {}, faults = {}, numbers = {}, positions = {}, batch = batch,
    path = ffi.string(C.weir_tail_path(tail, batch.partition)):match("[^/]+$") }
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    got.lines[i + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    got.numbers[i + 1] = tonumber(C.weir_batch_row_number(batch, i))
    got.positions[i + 1] = tonumber(batch.position) + span.start
  end
  for i = 0, batch.fault_count - 1 do
    got.faults[i + 1] = { code = batch.faults[i].code,
      position = tonumber(batch.position) + batch.faults[i].span.start,
      size = batch.faults[i].span["end"] - batch.faults[i].span.start }
  end
  return got
end

-- All lines that are there now, as "path:line"; their batches are given back.
local function lines()
  local out = {}
  C.weir_tail_poke(tail)
  for got in step do
    for _, line in ipairs(got.lines) do
      out[#out + 1] = got.path .. ":" .. line
    end
    C.weir_batch_unref(got.batch)
  end
  return out
end

local function append(name, text)
  local file = assert(io.open(support.path(name), "ab"))
  file:write(text)
  file:close()
end

local function rename(from, to)
  assert(os.rename(support.path(from), support.path(to)))
end

local function remove(name)
  assert(os.remove(support.path(name)))
end

local function truncate(name)
  assert(io.open(support.path(name), "wb")):close()
end

local function counter(which)
  return tonumber(C.weir_tail_counters(tail)[C["WEIR_ROSTER_" .. which]].value)
end

describe("a tail", function()
  before_each(function()
    held = engine.held()
    pool = C.weir_pool_new(4)
  end)

  after_each(function()
    if tail then
      close()
    end
    C.weir_pool_free(pool)
    support.clean()
    assert.equal(held, engine.held())
  end)

  it("gives what is there, and then what comes", function()
    append("a.log", "one\ntwo\n")
    open({ support.path("a.log") })
    assert.same({ "a.log:one", "a.log:two" }, lines())
    append("a.log", "three\n")
    assert.same({ "a.log:three" }, lines())
    assert.same({}, lines())
  end)

  it("waits for the end of a line, however it comes", function()
    open({ support.path("a.log") }, { block_size = 4 })
    append("a.log", "one, in")
    assert.same({}, lines())
    append("a.log", " three")
    assert.same({}, lines())
    append("a.log", " pieces\nan")
    assert.same({ "a.log:one, in three pieces" }, lines())
    append("a.log", "other\n\n\n")
    assert.same({ "a.log:another", "a.log:", "a.log:" }, lines())
  end)

  it("waits for a file that is not there", function()
    local function hindrance()
      local text = C.weir_tail_hindrance(tail)
      return text ~= nil and ffi.string(text) or nil
    end
    local path, other = support.path("sub/a.log"), support.path("*.txt")
    open({ path, other })
    assert.is_nil(hindrance()) -- it has not looked
    assert.same({}, lines())
    assert.equal(('nothing matches "%s" or "%s" yet'):format(path, other), hindrance())
    os.execute("mkdir " .. support.path("sub"))
    append("sub/a.log", "one\n")
    assert.same({ "a.log:one" }, lines())
    assert.is_nil(hindrance())
    remove("sub/a.log")
    assert.same({}, lines())
    assert.is_nil(hindrance())
  end)

  it("reads a moved file to its end before the one that has its name", function()
    open({ support.path("a.log") })
    append("a.log", "1\n")
    assert.same({ "a.log:1" }, lines())
    append("a.log", "2\n")
    rename("a.log", "a.log.1")
    append("a.log", "3\n")
    append("a.log.1", "late\n")
    assert.same({ "a.log:2", "a.log:late", "a.log:3" }, lines())
    assert.equal(1, counter("ROTATIONS"))
    append("a.log.1", "later\n")
    assert.same({ "a.log:later" }, lines())
    assert.equal(2, counter("FOLLOWED"))
  end)

  it("lets go of a moved file when nobody has written to it for a minute", function()
    open({ support.path("a.log") })
    append("a.log", "1\nwithout an end")
    assert.same({ "a.log:1" }, lines())
    rename("a.log", "a.log.1")
    append("a.log", "2\n")
    assert.same({ "a.log:2" }, lines())
    pass(59)
    assert.same({}, lines())
    pass(2)
    assert.same({ "a.log:without an end" }, lines())
    lines()
    assert.equal(1, counter("FOLLOWED"))
    assert.equal(0, counter("LOST"))
  end)

  it("reads a file that is deleted to its end", function()
    append("a.log", "1\n")
    open({ support.path("*.log") })
    lines()
    append("a.log", "2\n")
    remove("a.log")
    assert.same({ "a.log:2" }, lines())
    append("a.log", "3\n")
    assert.same({ "a.log:3" }, lines())
  end)

  it("begins anew where a file was cut back", function()
    append("a.log", "1\n2\n")
    open({ support.path("a.log") })
    lines()
    truncate("a.log")
    assert.same({}, lines())
    append("a.log", "3\n")
    assert.same({ "a.log:3" }, lines())
    truncate("a.log")
    append("a.log", "4, and more than there was\n")
    assert.same({ "a.log:4, and more than there was" }, lines())
    assert.equal(2, counter("TRUNCATIONS"))
  end)

  it("follows a file by what it is, whatever name of a glob it has", function()
    append("a.log", "1\n")
    open({ support.path("a.log*") })
    lines()
    rename("a.log", "a.log.1")
    append("a.log", "2\n")
    append("a.log.1", "late\n")
    assert.same({ "a.log.1:late", "a.log:2" }, lines())
    rename("a.log.1", "a.log.2")
    rename("a.log", "a.log.1")
    append("a.log", "3\n")
    assert.same({ "a.log:3" }, lines())
    assert.equal(3, counter("FOLLOWED"))
  end)

  it("leaves packed files alone", function()
    append("a.log", "1\n")
    open({ support.path("a.log*") })
    lines()
    os.execute(("gzip -c %s > %s"):format(support.path("a.log"), support.path("a.log.1.gz")))
    assert.same({}, lines())
    assert.equal(0, counter("BEHIND"))
  end)

  it("reads a file once that several names lead to, and through links", function()
    append("a.log", "1\n")
    os.execute(("ln -s a.log %s; ln %s %s"):format(support.path("b.log"), support.path("a.log"),
      support.path("c.log")))
    open({ support.path("*.log"), support.path("a.log"), support.path() })
    assert.same({ "a.log:1" }, lines())
  end)

  it("passes over a record that is too long, and tells of it once", function()
    open({ support.path("a.log") }, { max_record = 10, block_size = 4 })
    append("a.log", "0123456789\n" .. ("x"):rep(25))
    C.weir_tail_poke(tail)
    local first, fault = step(), step()
    assert.same({ "0123456789" }, first.lines)
    assert.same({ { code = C.WEIR_ERECORD, position = 11, size = 11 } }, fault.faults)
    C.weir_batch_unref(first.batch)
    C.weir_batch_unref(fault.batch)
    assert.same({}, lines())
    append("a.log", ("x"):rep(70000) .. "\nnext\n")
    assert.same({ "a.log:next" }, lines())
  end)

  it("knows where in its file a line stands, and which one it is", function()
    append("a.log", "one\ntwo\n")
    open({ support.path("a.log") })
    lines()
    append("a.log", "three\n")
    C.weir_tail_poke(tail)
    local got = step()
    assert.same({ 3 }, got.numbers)
    assert.same({ 8 }, got.positions)
    C.weir_batch_unref(got.batch)
  end)

  it("gives each of several files its turn", function()
    append("a.log", "1\n2\n3\n")
    append("b.log", "1\n2\n3\n")
    open({ support.path("*.log") }, { block_size = 2 })
    assert.same({ "a.log:1", "b.log:1", "a.log:2", "b.log:2", "a.log:3", "b.log:3" }, lines())
  end)

  it("understands rows by a header that was read long ago", function()
    local state = support.path("state/csv.positions")
    local function csv()
      local out = ffi.new("weir_decoder *[1]")
      assert.equal(0, C.weir_csv_decoder_new(out, ffi.new("weir_csv_options", { header = 1 })))
      return out[0]
    end
    append("a.csv", "x,y\n1,2\n")
    open({ support.path("a.csv") }, { decoder = csv(), state = state })
    assert.same({ "a.csv:1,2" }, lines())
    close()
    append("a.csv", "3,4\n")
    open({ support.path("a.csv") }, { decoder = csv(), state = state })
    assert.same({ "a.csv:3,4" }, lines())
  end)

  it("follows more files than it keeps open, and finds what was moved meanwhile", function()
    local count = C.WEIR_ROSTER_OPEN + 100
    for i = 1, count do
      append(("%04d.log"):format(i), "1\n")
    end
    open({ support.path("*.log") })
    assert.equal(count, #lines())
    assert.equal(count, counter("FOLLOWED"))
    for i = 1, count do
      append(("%04d.log"):format(i), "2\n")
      rename(("%04d.log"):format(i), ("%04d.old"):format(i))
      append(("%04d.log"):format(i), "3\n")
    end
    local again, total = lines(), {}
    for _, line in ipairs(again) do
      local name, text = line:match("(%d+)%.log:(%d)")
      total[name] = (total[name] or "") .. text
    end
    for i = 1, count do
      assert.equal("23", total[("%04d"):format(i)])
    end
    assert.equal(count, counter("ROTATIONS"))
    assert.equal(0, counter("OPENS_FAILED"))
  end)

  it("says when it is to be asked again, and is not busy when idle", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = support.path("s.positions") })
    C.weir_tail_set_watched(tail, 1)
    C.weir_tail_poke(tail)
    local began, got = tonumber(now[0]), step()
    local function due_ms()
      return math.floor((tonumber(C.weir_tail_due_ns(tail)) - began) / 1e6)
    end
    -- Soon, whether the batch has been delivered; then less often.
    local looks = {}
    for i = 1, 8 do
      assert.is_nil(step())
      looks[i] = due_ms()
      now[0] = C.weir_tail_due_ns(tail)
    end
    assert.same({ 10, 30, 70, 151, 251, 351, 451, 551 }, looks)
    C.weir_batch_unref(got.batch)
    assert.is_nil(step()) -- noted, and not yet safe
    assert.equal(1000, due_ms())
    now[0] = C.weir_tail_due_ns(tail)
    assert.is_nil(step())
    assert.equal(10000, due_ms())
  end)
end)

describe("positions of a tail", function()
  local state

  before_each(function()
    held = engine.held()
    pool = C.weir_pool_new(4)
    state = support.path("state/pipeline/tail:a.log.positions")
  end)

  after_each(function()
    if tail then
      close()
    end
    C.weir_pool_free(pool)
    support.clean()
    assert.equal(held, engine.held())
  end)

  it("lead the next one on", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:1" }, lines())
    close()
    append("a.log", "2\n")
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:2" }, lines())
  end)

  it("do not pass for a file that is gone, but for one that was moved", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:1" }, lines())
    for _, left in ipairs({ "b.log", "nothing" }) do
      close()
      os.execute(left == "b.log" and ("mv %s %s"):format(support.path("a.log"), support.path(left))
        or "rm " .. support.path("b.log"))
      open({ support.path("a.log") }, { state = state })
      assert.same({}, lines())
      assert.equal(left == "b.log", C.weir_tail_hindrance(tail) == nil)
    end
  end)

  it("are those of what has been delivered", function()
    append("a.log", "1\n2\n3\n")
    open({ support.path("a.log") }, { state = state, block_size = 2 })
    C.weir_tail_poke(tail)
    local first, second, third = step(), step(), step()
    C.weir_batch_unref(third.batch)
    C.weir_batch_unref(first.batch)
    C.weir_tail_save(tail)
    kill()
    C.weir_batch_unref(second.batch)
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:2", "a.log:3" }, lines())
  end)

  it("are not those of what was given back when the run had failed", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    C.weir_tail_poke(tail)
    local got = step()
    C.weir_receipts_forfeit(C.weir_tail_receipts(tail))
    C.weir_batch_unref(got.batch)
    close()
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:1" }, lines())
  end)

  it("are those of what had been given back before, though nobody had asked", function()
    append("a.log", ("1\n2\n3\n"))
    open({ support.path("a.log") }, { state = state, block_size = 2 })
    C.weir_tail_poke(tail)
    local first, second, third = step(), step(), step()
    C.weir_batch_unref(first.batch)
    C.weir_receipts_forfeit(C.weir_tail_receipts(tail))
    C.weir_batch_unref(third.batch)
    C.weir_batch_unref(second.batch)
    close()
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:2", "a.log:3" }, lines())
  end)

  it("are noted as soon as it pays, and safe within a second", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    lines()
    append("a.log", "2\n")
    assert.same({ "a.log:2" }, lines())
    kill()
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:1", "a.log:2" }, lines())
    pass(0.02)
    lines()
    kill()
    open({ support.path("a.log") }, { state = state })
    assert.same({}, lines())
    append("a.log", "3\n")
    assert.same({ "a.log:3" }, lines())
    pass(1.1)
    lines()
    assert.is_nil(io.open(state .. ".latest"))
    kill()
    open({ support.path("a.log") }, { state = state })
    assert.same({}, lines())
  end)

  it("are those that were safe, where what was noted is not whole", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    lines()
    close()
    local whole = support.read("state/pipeline/tail:a.log.positions"):gsub("\n2 ", "\n0 ")
    for _, text in ipairs({ "", ("\0"):rep(50), whole, whole .. "sum 0123456789abcdef\n" }) do
      support.write("state/pipeline/tail:a.log.positions.latest", text)
      open({ support.path("a.log") }, { state = state })
      assert.same({}, lines())
      kill()
    end
  end)

  it("are none where the file was removed, whatever was noted", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    lines()
    pass(0.02)
    lines()
    kill()
    assert.truthy(support.read("state/pipeline/tail:a.log.positions.latest"))
    assert(os.remove(state))
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:1" }, lines())
  end)

  it("find a file that was moved meanwhile, and read it first", function()
    append("a.log", "1\n")
    open({ support.path("a.log") }, { state = state })
    lines()
    close()
    append("a.log", "2\n")
    rename("a.log", "a.log.1")
    append("a.log", "3\n")
    open({ support.path("a.log") }, { state = state })
    assert.same({ "a.log:2", "a.log:3" }, lines())
  end)

  it("are of no use where a file was cut back or replaced meanwhile", function()
    append("a.log", "1\n")
    append("b.log", "1\n")
    open({ support.path("*.log") }, { state = state })
    lines()
    close()
    truncate("a.log")
    append("a.log", "2\n")
    remove("b.log")
    append("b.log", "2\n")
    open({ support.path("*.log") }, { state = state })
    assert.same({ "a.log:2", "b.log:2" }, lines())
  end)

  it("decide what start means: what came while nobody looked is new", function()
    append("a.log", "old\nhalf")
    open({ support.path("*.log") }, { state = state, start = LATEST })
    assert.same({}, lines())
    append("a.log", " and half\n")
    assert.same({ "a.log:half and half" }, lines())
    kill()
    append("b.log", "new\n")
    open({ support.path("*.log") }, { state = state, start = LATEST })
    assert.same({ "a.log:half and half", "b.log:new" }, lines())
  end)

  it("are kept by one at a time", function()
    open({ support.path("a.log") }, { state = state })
    local first = tail
    local code, message = open({ support.path("a.log") }, { state = state })
    assert.is_true(code < 0)
    assert.matches("another weir runs this pipeline", message)
    close()
    tail = first
  end)

  it("that are damaged are not taken for none", function()
    open({ support.path("a.log") }, { state = state })
    close()
    for _, text in ipairs({ "", "weir positions 1\n", "weir positions 1\n1 2 3\nend\n",
      "weir positions 1\n1 2 3 4 5 /a" }) do
      local file = assert(io.open(state, "wb"))
      file:write(text)
      file:close()
      local code, message = open({ support.path("a.log") }, { state = state })
      assert.equal(C.WEIR_ECORRUPT, code)
      assert.matches("remove the file to begin anew", message)
      close()
      assert.equal(text, support.read("state/pipeline/tail:a.log.positions"), "it was written over")
    end
    os.remove(state)
  end)

  it("know every name that a file may have", function()
    local name = "a \\ b\nc.log"
    append(name, "1\n")
    open({ support.path(name) }, { state = state })
    lines()
    close()
    append(name, "2\n")
    open({ support.path(name) }, { state = state })
    assert.same(1, #lines())
  end)
end)
