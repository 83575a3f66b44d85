local bit = require("bit")
local ffi = require("ffi")
local support = require("spec.engine.log.support")

local C = support.C
local open, append, drain, look = support.open, support.append, support.drain, support.look

ffi.cdef([[
int fork(void);
int kill(int pid, int signal);
int waitpid(int pid, int *status, int options);
void _exit(int status);
long read(int fd, void *bytes, size_t size);
]])

local HEAD, FRAME = 32, 24

-- A log of so many entries; gives them, and where in the segments each one ends.
local function make(name, count, segment_bytes)
  local log = open(name, { segment_bytes = segment_bytes })
  local entries, number = {}, 1
  for id = 1, count do
    local text, records = support.text(id, math.random(0, 300)), math.random(1, 9)
    append(log, text, records)
    entries[id] = { number, records, text }
    number = number + records
  end
  C.weir_log_close(log)
  return entries, number
end

local function copy(from, to)
  os.execute(("rm -rf %s; cp -r %s %s"):format(support.path(to), support.path(from),
    support.path(to)))
end

local function prefix(list, count)
  local out = {}
  for i = 1, count do
    out[i] = list[i]
  end
  return out
end

-- Each of `some` is one of `all`, and what is missing lies in the gaps, record for record.
local function accounts(all, some, gaps, stop)
  local missing, at = {}, 1
  for _, entry in ipairs(all) do
    if some[at] and some[at][1] == entry[1] then
      assert.same(entry, some[at])
      at = at + 1
    else
      for number = entry[1], entry[1] + entry[2] - 1 do
        missing[#missing + 1] = number
      end
    end
  end
  assert.is_nil(some[at])
  local told = {}
  for _, gap in ipairs(gaps) do
    for number = gap[1], gap[1] + gap[2] - 1 do
      told[#told + 1] = number
    end
  end
  for number = stop, (all[#all] or { 0, 1 })[1] + (all[#all] or { 0, 1 })[2] - 1 do
    told[#told + 1] = number
  end
  assert.same(missing, told)
end

-- Writes the number of each entry to the pipe when it has been appended.
local function append_for_ever(pipe)
  local log = open("log", { segment_bytes = 20000, sync_bytes = 5000 })
  local said = ffi.new("uint64_t[1]")
  while true do
    local id = look(log).next
    said[0] = append(log, support.text(id, id * 7919 % 3000))
    ffi.C.write(pipe, said, 8)
  end
end

describe("a log after a crash", function()
  after_each(support.clean)

  it("is cut behind its last whole entry, wherever the writing stopped", function()
    local seed = support.seed()
    local all, stop = make("whole", 40)
    local name = "/" .. support.segments("whole")[1]
    local bytes = support.read("whole" .. name)
    for round = 1, 60 do
      local size = round == 1 and 0 or round == 2 and #bytes or math.random(0, #bytes - 1)
      support.run("mkdir -p " .. support.path("cut"))
      support.run("rm -f " .. support.path("cut") .. "/*")
      support.write("cut" .. name, bytes:sub(1, size))
      local kept, at = 0, HEAD
      while all[kept + 1] and at + FRAME + #all[kept + 1][3] <= size do
        at = at + FRAME + #all[kept + 1][3]
        kept = kept + 1
      end
      local log, message = open("cut")
      local entries, gaps = drain(log)
      assert.same(prefix(all, kept), entries, seed)
      assert.same({}, gaps)
      local cut = size < HEAD and size or size - at
      assert.equal(cut, look(log).cut_bytes, seed)
      if cut > 0 then
        assert.equal(("%s%s: cut off its last %d bytes, from byte %d on, as a crash leaves "
          .. "them: %s"):format(support.path("cut"), name, cut, size < HEAD and 0 or at,
          size < HEAD and "its head is not whole" or "an entry is not whole"), message)
      else
        assert.equal("", message)
      end
      local number = all[kept + 1] and all[kept + 1][1] or stop
      assert.equal(number, append(log, "after"), seed)
      assert.same({ number, 1, "after" }, drain(log)[kept + 1], seed)
      C.weir_log_close(log)
    end
  end)

  it("gives no entry that was not appended, whichever bits have flipped", function()
    local seed = support.seed()
    local all = make("whole", 60, 3000)
    local names = support.segments("whole")
    assert.is_true(#names > 2)
    for _ = 1, 60 do
      copy("whole", "flipped")
      for _ = 1, math.random(3) do
        local name = "flipped/" .. names[math.random(#names)]
        local bytes = support.read(name)
        local at = math.random(#bytes)
        support.write(name, bytes:sub(1, at - 1) ..
          string.char(bit.bxor(bytes:byte(at), 2 ^ math.random(0, 7))) .. bytes:sub(at + 1))
      end
      local log = support.try("flipped")
      if log then -- else a version was flipped, and its checksum by chance
        local entries, gaps = drain(log)
        local ok, problem = pcall(accounts, all, entries, gaps, look(log).next)
        assert(ok, seed .. "\n" .. tostring(problem))
        C.weir_log_close(log)
      end
    end
  end)

  it("loses one entry for a wrong byte in its text, and says where", function()
    local all = make("whole", 30)
    local name = "whole/" .. support.segments("whole")[1]
    local bytes = support.read(name)
    local at = HEAD
    for i = 1, 9 do
      at = at + FRAME + #all[i][3]
    end
    local text = all[10][3] ~= "" and 1 or 0 -- an empty one: its frame
    support.write(name, bytes:sub(1, at + FRAME - 1 + text) ..
      string.char(bit.bxor(1, bytes:byte(at + FRAME + text))) .. bytes:sub(at + FRAME + 1 + text))
    local log, message = open("whole")
    assert.equal("", message)
    local entries, gaps = drain(log)
    assert.equal(29, #entries)
    assert.same({ { all[10][1], all[10][2], ("%s: %d records are lost at byte %d: a checksum is "
      .. "wrong; see whether the disk fails"):format(support.path(name), all[10][2], at) } }, gaps)
    C.weir_log_close(log)
  end)

  it("counts what segments had that are gone, short or of something else", function()
    local all, stop = make("whole", 60, 3000)
    local names = support.segments("whole")
    local harm = {
      gone = function(name) os.remove(support.path(name)) end,
      empty = function(name) support.write(name, "") end,
      short = function(name) support.write(name, support.read(name):sub(1, 700)) end,
      long = function(name) support.write(name, support.read(name) .. "and more") end,
      other = function(name) support.write(name, support.read("other/" .. names[1])) end,
      random = function(name) support.write(name, ("?"):rep(4000)) end,
    }
    make("other", 60, 3000)
    for what, spoil in pairs(harm) do
      copy("whole", "spoilt")
      spoil("spoilt/" .. names[2])
      local log = open("spoilt")
      local entries, gaps = drain(log)
      accounts(all, entries, gaps, stop)
      assert.equal(what == "long" and 0 or 1, #gaps, what)
      C.weir_log_close(log)
    end
  end)

  it("tells a reader of a failed read what to do, and lets it try again", function()
    make("log", 60, 3000)
    local names = support.segments("log")
    local log = open("log")
    local second = support.path("log/" .. names[2])
    os.execute(("mv %s %s.away; mkdir %s"):format(second, second, second))
    local cursor = C.weir_log_cursor_new(log, 0)
    local code
    repeat
      local entry
      entry, code = support.next(cursor)
    until not entry
    assert.equal(-21, code)
    assert.equal(second .. ": cannot be read: Is a directory; check the disk",
      ffi.string(C.weir_log_cursor_message(cursor)))
    os.execute(("rmdir %s; mv %s.away %s"):format(second, second, second))
    local number = tonumber(C.weir_log_cursor_number(cursor))
    assert.equal(number, (support.next(cursor) or {})[1])
    C.weir_log_cursor_free(cursor)
    C.weir_log_close(log)
  end)

  it("keeps a position of which one half was never written", function()
    local all, stop = make("log", 20)
    local log = open("log")
    C.weir_log_trim(log, all[5][1])
    C.weir_log_trim(log, all[9][1])
    C.weir_log_close(log)
    local bytes = support.read("log/position")
    for _, slot in ipairs({ { 0, 5 }, { 4096, 9 } }) do
      local at, other = slot[1], slot[1] == 0 and 9 or 5
      local torn = bytes:sub(1, at + 10) .. "\255" .. bytes:sub(at + 12)
      support.write("log/position", torn)
      log = open("log")
      local position = look(log).position
      assert.is_true(position == all[5][1] or position == all[9][1], other)
      assert.equal(position, drain(log)[1][1])
      C.weir_log_close(log)
    end
    support.write("log/position", ("x"):rep(5000))
    local message
    log, message = open("log")
    assert.equal(support.path("log") .. "/position: is damaged; what has been read already is "
      .. "read again", message)
    assert.equal(20, #drain(log))
    assert.equal(C.WEIR_OK, C.weir_log_trim(log, stop))
    C.weir_log_close(log)
    log, message = open("log")
    assert.same({ "", stop }, { message, look(log).position })
    C.weir_log_close(log)
  end)

  it("gives no number twice when it was read further than was safe", function()
    local all = make("log", 20, 2000)
    local log = open("log")
    C.weir_log_trim(log, all[20][1])
    C.weir_log_close(log)
    local names = support.segments("log")
    local last = "log/" .. names[#names]
    support.write(last, support.read(last):sub(1, HEAD + 3))
    log = open("log")
    assert.same({}, (drain(log)))
    assert.equal(all[20][1], append(log, "new"))
    C.weir_log_close(log)
    log = open("log")
    assert.same({ { all[20][1], 1, "new" } }, (drain(log)))
    C.weir_log_close(log)
  end)

  it("has all that it said was appended, when its writer was killed", function()
    local seed = support.seed()
    local next_number = 1
    support.path() -- the same one for the children
    for _ = 1, 15 do
      local ends = ffi.new("int[2]")
      assert(ffi.C.pipe2(ends, 0) == 0)
      local child = ffi.C.fork()
      if child == 0 then
        pcall(append_for_ever, ends[1])
        ffi.C._exit(1)
      end
      ffi.C.close(ends[1])
      local said, last = ffi.new("uint64_t[1]"), 0
      for _ = 1, math.random(1, 100) do
        assert(ffi.C.read(ends[0], said, 8) == 8)
      end
      ffi.C.kill(child, 9)
      ffi.C.waitpid(child, nil, 0)
      repeat
        last = math.max(last, tonumber(said[0]))
      until ffi.C.read(ends[0], said, 8) ~= 8
      ffi.C.close(ends[0])

      local log = open("log", { segment_bytes = 20000 })
      assert.is_true(look(log).next > last, seed)
      local entries, gaps = drain(log)
      assert.same({}, gaps, seed)
      for i, entry in ipairs(entries) do
        local id = next_number + i - 1
        assert.same({ id, 1, support.text(id, id * 7919 % 3000) }, entry, seed)
      end
      next_number = look(log).next
      assert.equal(#entries, next_number - look(log).position)
      C.weir_log_trim(log, next_number)
      C.weir_log_close(log)
    end
  end)
end)
