local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/tail_source.h", "engine/codec/lines.h", "engine/base/clock.h")

describe("a tail source", function()
  local source, pool, anchor

  local function open(path, state)
    anchor = ffi.new("const char *[1]", { path })
    local out = ffi.new("weir_source *[1]")
    assert.equal(0, C.weir_tail_source_new(out, ffi.new("weir_tail_options", {
      paths = anchor, path_count = 1, state = state, clock = C.weir_clock_real(),
      decoder = C.weir_lines_decoder_new("line") })))
    source, pool = out[0], C.weir_pool_new(2)
  end

  after_each(function()
    C.weir_source_free(source)
    C.weir_pool_free(pool)
    support.clean()
  end)

  local function texts()
    local read, code = support.next(source, pool)
    return read and support.texts(read.rows) or code, read and read.partition
  end

  it("waits for what comes, and says where from", function()
    local path = support.write("a.log", "1\n")
    open(support.path("*.log"))
    local got, partition = texts()
    assert.same({ "1" }, got)
    assert.equal(path, ffi.string(source.ops.origin(source, partition)))
    os.execute(("(echo 2 >> %s) &"):format(path))
    assert.same({ "2" }, (texts()))
    os.execute(("(mv %s %s.1; echo 3 > %s) &"):format(path, path, path))
    assert.same({ "3" }, (texts()))
    os.execute(("(echo 4 > %s) &"):format(support.path("b.log")))
    assert.same({ "4" }, (texts()))
    assert.equal(8, tonumber(source.bytes_read))
  end)

  it("ends a wait when it is cancelled, with what was delivered saved", function()
    local state = support.path("state/positions")
    local path = support.write("a.log", "1\n")
    open(path, state)
    texts()
    source.ops.cancel(source)
    assert.equal(C.WEIR_ESTOPPED, (texts()))
    assert.matches("\n2 %d+ %d+ %x+ 2 ", support.read("state/positions"))
  end)

  it("says at once that its positions cannot be kept", function()
    support.write("state", "a file")
    open(support.path("a.log"), support.path("state/positions"))
    assert.matches("state/positions: cannot be locked: Not a directory; ",
      ffi.string(source.message), 1, true)
    assert.is_true((texts()) < 0)
  end)
end)
