local ffi = require("ffi")
local rlimit = require("spec.support.rlimit")
local support = require("spec.engine.log.support")

local C = support.C
local open, try, append, drain, look = support.open, support.try, support.append, support.drain,
  support.look

ffi.cdef([[
void (*signal(int number, void (*handler)(int)))(int);
int getpid(void);
]])

describe("a log", function()
  after_each(support.clean)

  it("gives back what was appended, in order, whatever is trimmed and reopened", function()
    local seed = support.seed()
    for round = 1, 12 do
      local options = { segment_bytes = math.random(200, 9000), sync_bytes = math.random(0, 3000) }
      local name = "log" .. round
      local log = open(name, options)
      local model, next_number, position = {}, 1, 1
      for id = 1, 150 do
        local text, count = support.text(id, math.random(0, 700)), math.random(1, 5)
        assert.equal(next_number, append(log, text, count), seed)
        model[#model + 1] = { next_number, count, text }
        next_number = next_number + count
        local dice = math.random(40)
        if dice == 1 then
          assert.equal(C.WEIR_OK, C.weir_log_close(log))
          local message
          log, message = open(name, options)
          assert.equal("", message)
        elseif dice <= 3 then
          position = math.random(position, next_number)
          assert.equal(C.WEIR_OK, C.weir_log_trim(log, position))
          while model[1] and model[1][1] + model[1][2] <= position do
            table.remove(model, 1)
          end
        elseif dice <= 5 then
          local entries, gaps = drain(log)
          assert.same(model, entries, seed)
          assert.same({}, gaps, seed)
        end
      end
      assert.same(model, (drain(log)), seed)
      local state = look(log)
      assert.same({ position, next_number }, { state.position, state.next }, seed)
      C.weir_log_close(log)
    end
  end)

  it("is read while it is written", function()
    local log = open("log", { segment_bytes = 300 })
    local cursor = C.weir_log_cursor_new(log, 0)
    for id = 1, 100 do
      assert.same({ nil, C.WEIR_EEMPTY }, { support.next(cursor) })
      append(log, support.text(id, 50))
      assert.same({ id, 1, support.text(id, 50) }, (support.next(cursor)))
      if id % 10 == 0 then
        C.weir_log_trim(log, id + 1)
      end
    end
    C.weir_log_cursor_free(cursor)
    C.weir_log_close(log)
  end)

  it("is read from the entry that has a record", function()
    local log = open("log", { segment_bytes = 300 })
    for id = 1, 50 do
      append(log, support.text(id, 40), 3)
    end
    for _, from in ipairs({ 1, 2, 3, 4, 77, 149, 150 }) do
      local entries = drain(log, from)
      assert.equal(math.floor((from - 1) / 3) * 3 + 1, entries[1][1])
      assert.equal(148, entries[#entries][1])
    end
    assert.same({}, (drain(log, 151)))
    C.weir_log_close(log)
  end)

  it("gives a cursor what is trimmed away under it, or what comes behind", function()
    local log = open("log", { segment_bytes = 300 })
    for id = 1, 50 do
      append(log, support.text(id, 40))
    end
    local cursor = C.weir_log_cursor_new(log, 0)
    support.next(cursor)
    C.weir_log_trim(log, 31)
    assert.equal(31, support.next(cursor)[1])
    C.weir_log_cursor_free(cursor)
    C.weir_log_close(log)
  end)

  it("takes an entry larger than a segment", function()
    local log = open("log", { segment_bytes = 1000 })
    local texts = { "a", ("b"):rep(3000000), "c" }
    for _, text in ipairs(texts) do
      append(log, text)
    end
    local entries = drain(log)
    for i, text in ipairs(texts) do
      assert.is_true(entries[i][3] == text)
    end
    assert.equal(3, #support.segments("log"))
    C.weir_log_close(log)
  end)

  it("is full at max_disk, and has room again when a segment has been read", function()
    local log = open("log", { max_disk = 10000 })
    local count, code = 0
    repeat
      local number
      number, code = append(log, support.text(count, 200))
      count = count + (number and 1 or 0)
    until not number
    assert.equal(C.WEIR_EFULL, code)
    assert.is_true(look(log).disk_bytes > 9500 and look(log).disk_bytes <= 10000)
    local _, first_segment = next({ support.segments("log") })
    assert.is_true(#first_segment >= 4)
    C.weir_log_trim(log, tonumber(first_segment[2]:match("%d+")))
    assert.is_true(look(log).disk_bytes < 8000)
    assert.equal(count + 1, append(log, support.text(count, 200)))
    local none
    none, code = append(log, ("x"):rep(10000))
    assert.same({ nil, C.WEIR_EINVAL }, { none, code })
    assert.matches("max_disk", ffi.string(C.weir_log_message(log)))
    C.weir_log_close(log)
  end)

  it("keeps nothing large of what has been read", function()
    local log = open("log")
    append(log, ("x"):rep(2000000))
    C.weir_log_trim(log, 2)
    assert.same({ 2, 2, 2, 0, 0, 0 }, (function(s)
      return { s.position, s.next, s.safe, s.disk_bytes, s.segments, s.cut_bytes }
    end)(look(log)))
    assert.equal(2, append(log, "y"))
    assert.same({ { 2, 1, "y" } }, (drain(log)))
    C.weir_log_close(log)
  end)

  it("goes on behind what was noted, and gives up no room for it", function()
    local log = open("log")
    for id = 1, 9 do
      append(log, support.text(id, 40))
    end
    for _, number in ipairs({ 2, 4, 5 }) do
      assert.equal(C.WEIR_OK, C.weir_log_note(log, number))
    end
    assert.same({ 1, 9 }, { look(log).position, #drain(log) })
    C.weir_log_close(log) -- which does not say how far was read
    log = open("log")
    assert.same({ 5, 5 }, { look(log).position, #drain(log) })
    C.weir_log_note(log, 6)
    C.weir_log_trim(log, 8)
    C.weir_log_note(log, 7) -- is not news
    C.weir_log_close(log)
    log = open("log")
    assert.same({ 8, 2 }, { look(log).position, #drain(log) })
    C.weir_log_close(log)
  end)

  it("says what is safe", function()
    local log = open("log", { sync_bytes = 1000 })
    append(log, "a")
    assert.equal(1, look(log).safe)
    C.weir_log_sync(log)
    assert.equal(2, look(log).safe)
    append(log, ("b"):rep(990))
    assert.equal(3, look(log).safe)
    C.weir_log_close(log)
    log = open("log")
    assert.equal(3, look(log).safe)
    C.weir_log_close(log)
  end)

  it("belongs to one process, and tells which", function()
    local log = open("log")
    local other, code, message = try("log")
    assert.same({ nil, -11 }, { other, code })
    assert.matches(support.path("log") .. ": is in use by process %d+; stop that one", message)
    C.weir_log_close(log)
    C.weir_log_close((open("log")))
  end)

  it("may be read beside its writer by whoever asks for no more", function()
    local log = open("log", { segment_bytes = 100 })
    for id = 1, 9 do
      append(log, support.text(id, 40))
    end
    C.weir_log_trim(log, 4)
    local reader = open("log", { read_only = 1 })
    append(log, "more")
    assert.equal(6, #drain(reader))
    C.weir_log_trim(log, 11)
    C.weir_log_close(reader)
    C.weir_log_close(log)
    assert.equal(-2, select(2, try("none", { read_only = 1 })))
  end)

  it("is for its owner alone", function()
    local log = open("deep/er/log")
    append(log, "x")
    C.weir_log_close(log)
    local modes = support.run(("stat -c %%a %s %s/*"):format(support.path("deep/er/log"),
      support.path("deep/er/log")))
    assert.equal("700\n600\n600\n600\n", modes)
  end)

  it("says why it cannot be made", function()
    support.write("file", "x")
    local _, code, message = try("file/log")
    assert.equal(-20, code)
    assert.equal(support.path("file/log") ..
      ": cannot be made: Not a directory; check the path", message)
  end)

  it("refuses what a newer weir wrote", function()
    local log = open("log")
    append(log, "x")
    C.weir_log_close(log)
    local name = "log/" .. support.segments("log")[1]
    local text = support.read(name)
    local head = text:sub(1, 8) .. "\2" .. text:sub(10, 28)
    local crc = ffi.new("uint32_t[1]", C.weir_crc32c(0, head, 28))
    support.write(name, head .. ffi.string(crc, 4) .. text:sub(33))
    local _, code, message = try("log")
    assert.equal(C.WEIR_EINVAL, code)
    assert.matches("was written by a newer weir", message)
  end)

  it("has the bytes that its description says", function()
    local log = open("log")
    append(log, "hello", 3)
    C.weir_log_close(log)
    assert.same({ "00000000000000000001.log" }, support.segments("log"))
    local text = support.read("log/00000000000000000001.log")
    local u32 = function(at)
      return tonumber(ffi.cast("uint32_t *", ffi.cast("const char *", text) + at)[0])
    end
    assert.equal(32 + 24 + 5, #text)
    assert.equal("weirlog\n", text:sub(1, 8))
    assert.same({ 1, 1, 0, 0 }, { u32(8), u32(16), u32(20), u32(24) })
    assert.equal(C.weir_crc32c(0, text, 28), u32(28))
    assert.same({ 5, 1, 0, 3, 7 }, { u32(36), u32(40), u32(44), u32(48), u32(52) })
    assert.equal(C.weir_crc32c(u32(12), text:sub(37), 25), u32(32))
    assert.equal("hello", text:sub(57))
  end)

  it("is left as it was by a write that finds no room", function()
    local SIGXFSZ, IGNORE = 25, ffi.cast("void (*)(int)", 1)
    local limit = ffi.new("struct spec_rlimit")
    ffi.C.getrlimit(rlimit.FSIZE, limit)
    local before = limit.soft
    local handler = ffi.C.signal(SIGXFSZ, IGNORE)
    local log = open("log")
    append(log, ("a"):rep(3000))
    limit.soft = 5000
    ffi.C.setrlimit(rlimit.FSIZE, limit)
    local number, code = append(log, ("b"):rep(3000))
    local message = ffi.string(C.weir_log_message(log))
    local small = append(log, ("c"):rep(1000))
    limit.soft = before
    ffi.C.setrlimit(rlimit.FSIZE, limit)
    ffi.C.signal(SIGXFSZ, handler)
    assert.same({ nil, -27, 2 }, { number, code, small })
    assert.equal(support.path("log") .. "/00000000000000000001.log: cannot be written: "
      .. "File too large; the file system or ulimit -f allows no larger file", message)
    assert.equal(32 + 24 + 3000 + 24 + 1000, #support.read("log/00000000000000000001.log"))
    assert.equal(2, #drain(log))
    C.weir_log_close(log)
  end)

  it("takes nothing more once nobody knows what the disk has", function()
    local log = open("log")
    append(log, "known")
    local fd = tonumber(support.run(("ls -l /proc/%d/fd"):format(ffi.C.getpid()))
      :match("(%d+) %-> [^\n]*001%.log"))
    local ends = ffi.new("int[2]")
    assert(ffi.C.pipe2(ends, 0) == 0)
    ffi.C.dup2(ends[0], fd) -- its file cannot be written or cut any more
    local _, code = append(log, "unknown")
    assert.equal(-22, code)
    local message = ffi.string(C.weir_log_message(log))
    assert.matches("001%.log: cannot be cut back: Invalid argument; check the disk", message)
    assert.same({ nil, code }, { append(log, "more") })
    assert.equal(code, C.weir_log_sync(log))
    assert.equal(message, ffi.string(C.weir_log_message(log)))
    assert.equal(code, C.weir_log_close(log))
    ffi.C.close(ends[0])
    ffi.C.close(ends[1])
    log = open("log")
    assert.same({ { 1, 1, "known" } }, (drain(log)))
    C.weir_log_close(log)
  end)

  it("goes on after a full disk, which reading alone makes room on", function()
    local place = support.path("disk")
    os.execute("mkdir -p " .. place)
    if os.execute(("mount -t tmpfs -o size=1m none %s 2>/dev/null"):format(place)) ~= 0 then
      pending("needs the right to mount")
      return
    end
    finally(function()
      os.execute("umount -l " .. place)
    end)
    local log = open("disk/log", { segment_bytes = 100000 })
    local count, code = 0
    repeat
      local number
      number, code = append(log, ("x"):rep(30000))
      count = count + (number and 1 or 0)
    until not number
    assert.equal(-28, code)
    assert.matches("No space left on device; make room, or set max_disk to less than there is",
      ffi.string(C.weir_log_message(log)))
    assert.equal(C.WEIR_OK, C.weir_log_trim(log, 10))
    assert.equal(count + 1, append(log, "more"))
    local entries, gaps = drain(log)
    assert.same({ count - 8, 0, "more" }, { #entries, #gaps, entries[#entries][3] })
    C.weir_log_close(log)
    log = open("disk/log")
    assert.equal(count - 8, #drain(log))
    C.weir_log_close(log)
  end)
end)
