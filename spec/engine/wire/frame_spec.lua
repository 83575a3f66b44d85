local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/wire/frame.h", "engine/base/err.h")

local FRAMES = {
  line = C.WEIR_FRAME_LINE, length = C.WEIR_FRAME_LENGTH, octet_count = C.WEIR_FRAME_OCTET_COUNT,
}

-- Feeds pieces as a connection does: what is kept, with "!code" for what is bad.
local function run(frame, max_record, pieces)
  local framer = ffi.new("weir_framer")
  C.weir_framer_init(framer, FRAMES[frame], max_record)
  local taken, kept = ffi.new("size_t[1]"), ffi.new("size_t[1]")
  local held, out = "", {}
  for _, piece in ipairs(pieces) do
    local text = held .. piece
    local bytes = ffi.new("char[?]", #text + 1, text)
    local at = 0
    repeat
      local code = C.weir_framer_next(framer, bytes + at, #text - at, taken, kept)
      if code == 0 then
        out[#out + 1] = ffi.string(bytes + at, kept[0])
      elseif code ~= C.WEIR_EEMPTY then
        out[#out + 1] = "!" .. ffi.string(C.weir_err_name(code)) .. "\n"
      end
      at = at + tonumber(taken[0])
    until taken[0] == 0
    held = ffi.string(bytes + at, #text - at)
  end
  return table.concat(out), held
end

local function length(text)
  local room = ffi.new("char[16]")
  return ffi.string(room, C.weir_frame_header(C.WEIR_FRAME_LENGTH, #text, room)) .. text
end

local function octets(text)
  local room = ffi.new("char[16]")
  return ffi.string(room, C.weir_frame_header(C.WEIR_FRAME_OCTET_COUNT, #text, room)) .. text
end

describe("framing", function()
  it("leaves lines as they are, and what is no whole one for later", function()
    assert.same({ "a\nb\n", "c" }, { run("line", 100, { "a\nb\nc" }) })
  end)

  it("makes lines of frames, whose own newline is none", function()
    assert.same({ "a\nbc\n", "\0\0\0\2d" },
      { run("length", 100, { length("a") .. length("bc\n") .. "\0\0\0\2d" }) })
    assert.same({ "a\n<1>\n", "12 d" },
      { run("octet_count", 100, { octets("a") .. octets("<1>\n") .. "12 d" }) })
  end)

  it("takes an empty frame as a sign of life", function()
    assert.same({ "a\n", "" }, { run("length", 100, { length("") .. length("a") .. length("") }) })
  end)

  it("passes over a long record and finds the next", function()
    local long = ("x"):rep(50)
    assert.equal("a\n!ERECORD\nb\n", run("line", 10, { "a\n" .. long .. "\nb\n" }))
    assert.equal("!ERECORD\nb\n", run("line", 10, { long, long, "\nb\n" }))
    assert.equal("a\n!ERECORD\nb\n",
      run("length", 10, { length("a") .. length(long) .. length("b") }))
    assert.equal("!ERECORD\nb\n", run("octet_count", 10, { "5", "0 xx", long:sub(3) .. "1 b" }))
  end)

  it("takes a line of syslog among counted ones, and finds back from nonsense", function()
    assert.equal("<1>x\ny\n!ESYNTAX\nz\n",
      run("octet_count", 100, { "<1>x\n1 y", "nonsense\n1 z" }))
    assert.equal("!ESYNTAX\nz\n", run("octet_count", 100, { "99999999999 x\n1 z" }))
  end)

  it("gives up on a length that is none", function()
    assert.equal("a\n!ECORRUPT\n", run("length", 100, { length("a") .. "GET / HTTP/1.1\r\n" }))
  end)

  it("gives the same however the bytes are cut", function()
    local seed = os.time()
    math.randomseed(seed)
    for round = 1, 300 do
      local frame = ({ "line", "length", "octet_count" })[math.random(3)]
      local parts = {}
      for i = 1, math.random(1, 12) do
        local text = ("x"):rep(math.random(0, 30))
        parts[i] = frame == "line" and text .. "\n" or frame == "length" and length(text)
          or math.random(8) == 1 and "<oops\n" or text ~= "" and octets(text) or "\n"
      end
      local all = table.concat(parts)
      local pieces, at = {}, 1
      while at <= #all do
        local size = math.random(1, 12)
        pieces[#pieces + 1] = all:sub(at, at + size - 1)
        at = at + size
      end
      assert.equal(run(frame, 20, { all }), (run(frame, 20, pieces)),
        ("seed %d, round %d"):format(seed, round))
    end
  end)
end)
