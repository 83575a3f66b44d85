local cjson = require("cjson")
local ffi = require("ffi")
local program = require("spec.support.program")
local support = require("spec.engine.codec.support")

local C = require("spec.support.engine").load("engine/base/clock.h", "engine/codec/syslog.h")

local now = ffi.new("int64_t[1]", 1066000000 * 1000000000LL) -- 2003-10-12

local function read(text, cuts)
  local result = assert(support.decode_once(
    C.weir_syslog_decoder_new(C.weir_clock_by_hand(now), 0), text, cuts))
  result.texts, result.rest = nil, nil
  return result
end

describe("reading syslog", function()
  it("makes a record of what a line says", function()
    assert.same({
      '{"facility":"local4","severity":"notice","level":5,"time":1065910455003,'
        .. '"timestamp":"2003-10-11T22:14:15.003Z","host":"h","app":"a","procid":"1",'
        .. '"msgid":"ID47","data":{"x@1":{"k":"v"}},"message":"m"}',
      '{"time":1065910455000,"timestamp":"Oct 11 22:14:15","app":"su","message":""}',
      '{"facility":"kern","severity":"emerg","level":0,"message":"a \\"b\\""}',
    }, read('<165>1 2003-10-11T22:14:15.003Z h a 1 ID47 [x@1 k="v"] m\n'
      .. 'Oct 11 22:14:15 su:\r\n\n<0>a "b"'))
  end)

  it("gives a list of values that have one name, and an element that has none", function()
    local row = cjson.decode(read(
      [=[<1>1 - - - - - [origin ip="192.0.2.1" x="\"\\\]\n" ip="192.0.2.129"][empty] m]=])[1])
    assert.same({ origin = { ip = { "192.0.2.1", "192.0.2.129" }, x = '"\\]\\n' }, empty = {} },
      row.data)
  end)

  it("has the newlines again that a frame had", function()
    local row = cjson.decode(read('<1>1 - - - - - [a b="x\vy"] one\v  two\v')[1])
    assert.same({ "x\ny", "one\n  two\n" }, { row.data.a.b, row.message })
  end)

  it("faults what is none, and goes on", function()
    assert.same({
      { fault = "ESYNTAX", text = "hello", column = 1, position = 0 },
      { fault = "EUTF8", text = "<1>\xff", column = 4, position = 6 },
      { fault = "ESYNTAX", text = "<1>1 - -", column = 9, position = 11 },
      '{"facility":"kern","severity":"alert","level":1,"message":"x"}',
    }, read("hello\n<1>\xff\n<1>1 - -\n<1>x\n"))
  end)

  it("survives any bytes, however they are cut", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local alphabet = { "<13>", "1 ", "- ", "[a", ' b="', '"', "]", "\\", "\n", "Oct 11 22:14:15 ",
      "2003-10-11T22:14:15Z ", "su: ", "x", "\v", "\0", "\xff", "é", "[1]" }
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(0, 20) do
        parts[i] = alphabet[math.random(#alphabet)]
      end
      local text = table.concat(parts)
      local whole = read(text)
      assert.same(whole, read(text, { math.random(0, 9), math.random(0, 20) }),
        ("seed %d: %q"):format(seed, text))
      for _, row in ipairs(whole) do
        assert.is_table(type(row) == "string" and cjson.decode(row) or row)
      end
    end
  end)

  it("reads the logs that there are", function()
    for name, least in pairs({ Linux = 1900, OpenSSH = 2000 }) do
      local path = ("../shared/data/loghub/%s_2k.log"):format(name)
      local file = io.open(path)
      if not file then
        return pending("no logs beside the repository")
      end
      file:close()
      local with_app = 0
      for _, row in ipairs(read(program.read(path))) do
        assert.is_string(row)
        local record = cjson.decode(row)
        assert.is_truthy(record.host and record.time and record.message)
        with_app = with_app + (record.app and 1 or 0)
      end
      assert.is_true(with_app >= least, ("%s: %d"):format(name, with_app))
    end
  end)
end)
