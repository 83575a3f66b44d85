local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/codec/json.h")

local pool, decoder, strict_decoder

--- Feeds text in pieces of the given size, as a reader would: what was not consumed
--- comes again in front. Gives rows and faults as the text said them.
local function decode(text, piece, strict)
  local with = strict and strict_decoder or decoder
  with.ops.restart(with)
  local rows, faults = {}, {}
  local have, sent = "", 0
  local consumed = ffi.new("size_t[1]")
  repeat
    have, sent = have .. text:sub(sent + 1, sent + piece), sent + piece
    local last = sent >= #text
    repeat
      local batch = C.weir_batch_new(pool)
      C.weir_buf_append(batch.bytes, have, #have)
      batch.input_size = #have
      assert.equal(C.WEIR_OK, with.ops.decode(with, batch, last, consumed))
      assert.equal(1, batch.indexed)
      for i = 0, batch.row_count - 1 do
        local span = batch.rows[i]
        assert(last or span["end"] <= consumed[0])
        rows[#rows + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
      end
      for i = 0, batch.fault_count - 1 do
        local fault = batch.faults[i]
        local name = ffi.string(C.weir_err_name(fault.code))
        local raw = ffi.string(batch.bytes.bytes + fault.span.start,
          fault.span["end"] - fault.span.start)
        faults[#faults + 1] = ("%s at %d: %s"):format(name, fault.column, raw)
      end
      C.weir_batch_unref(batch)
      have = have:sub(tonumber(consumed[0]) + 1)
    until consumed[0] == 0 or have == ""
  until last
  assert.equal("", have)
  return rows, faults
end

local function rows(text, ...)
  local out, faults = decode(text, #text + 1, ...)
  assert.same({}, faults)
  return out
end

local function faults(text, ...)
  return select(2, decode(text, #text + 1, ...))
end

describe("json codec", function()
  setup(function()
    pool = C.weir_pool_new(4)
    decoder = C.weir_json_decoder_new(0)
    strict_decoder = C.weir_json_decoder_new(1)
  end)
  teardown(function()
    C.weir_decoder_free(decoder)
    C.weir_decoder_free(strict_decoder)
    C.weir_pool_free(pool)
  end)

  it("reads lines, the last without a newline", function()
    assert.same({ '{"a":1}', '{"a":2}' }, rows('{"a":1}\n{"a":2}'))
    assert.same({}, rows(""))
    assert.same({}, rows("\n \r\n"))
  end)

  it("passes over a byte order mark", function()
    assert.same({ "{}", "{}" }, rows("\xEF\xBB\xBF{}\n{}\n"))
    assert.same({ "{}" }, rows("\xEF\xBB\xBF[{}]"))
    assert.same({ "EOBJECT at 1: \xEF\xBB\xBF{}" }, faults("{}\n\xEF\xBB\xBF{}\n"))
  end)

  it("reads a top-level array, however its lines break", function()
    assert.same({ '{"a":1}', '{"b":[1,2]}' }, rows('[{"a":1},{"b":[1,2]}]'))
    assert.same({ '{"a": "x  y","b": [1,2]}', "{}" },
      rows('\n[\n  {\n    "a": "x  y",\r\n    "b": [1,\n2]\n  },\n  {}\n]\n'))
    assert.same({}, rows("[]"))
    assert.same({ "{}", "{}", "{}" }, rows("[{}]\n[{}]\n{}"))
  end)

  it("goes on after elements that are not objects", function()
    local good, bad = decode('[1,{"a":1},[2],"x","",null,{"b":2}]', 100)
    assert.same({ '{"a":1}', '{"b":2}' }, good)
    assert.same({ "EOBJECT at 1: 1", "EOBJECT at 1: [2]", 'EOBJECT at 1: "x"', 'EOBJECT at 1: ""',
      "EOBJECT at 1: null" }, bad)
  end)

  it("goes on at the next line after an element that does not end", function()
    local good, bad = decode('[\n{"a":1},\n{"b":"x},\n{"c":3},\n{"d":[4},\n{"e":5}\n]\n', 100)
    assert.same({ '{"a":1}', '{"c":3}', '{"e":5}' }, good)
    assert.same({ 'EQUOTE at 6: {"b":"x},\n', 'EBRACKET at 8: {"d":[4},\n' }, bad)
  end)

  it("says where an array is broken", function()
    assert.same({ "ESYNTAX at 1: ," }, faults("[,{}]"))
    assert.same({ "ESYNTAX at 1: ]" }, faults("[{},]"))
    assert.same({ "ESYNTAX at 1: {}" }, faults("[{}{}]"))
    assert.same({ "ESYNTAX at 1: }" }, faults("[{}}]"))
    assert.same({ "ETRUNCATED at 1: " }, faults("[{}"))
    assert.same({ "ETRUNCATED at 8: {\"a\":{}" }, faults('[{},{"a":{}'))
    assert.same({ 'EUTF8 at 7: {"a":"\xff"}' }, faults('[{},{"a":"\xff"}]'))
  end)

  it("checks the whole grammar when strict", function()
    assert.same({}, faults('{"a":01}\n'))
    assert.same({ 'ENUMBER at 6: {"a":01}' }, faults('{"a":01}\n', true))
    assert.same({ 'ESYNTAX at 8: {"a":1,}' }, faults('{"a":1,}\n{}', true))
    assert.same({ 'ENUMBER at 6: {"a":01}' }, faults('[{"a":01},{}]', true))
  end)

  it("says the same however the bytes come", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local pieces = { "{", "}", "[", "]", ",", "\n", " ", '"', '{"a":1}', '{"a":1}', '{"b":"x"},\n',
      "[1]", "12", "\\", ":", '\n{"c":{"d":[]}}', "\xff", "é" }
    for round = 1, 1500 do
      local parts = { round % 3 > 0 and "[" or nil }
      for _ = 1, math.random(0, 30) do
        parts[#parts + 1] = pieces[math.random(#pieces)]
      end
      local text = table.concat(parts)
      local good, bad = decode(text, #text + 1)
      for _ = 1, 3 do
        local piece = math.random(1, 9)
        local good_again, bad_again = decode(text, piece)
        assert.same(good, good_again, text)
        assert.same(bad, bad_again, text)
      end
    end
  end)

  it("notices that an array does not end, wherever the bytes were cut", function()
    for piece = 1, 12 do
      assert.same({ "ETRUNCATED at 1: " }, select(2, decode('[{"a":1},{}', piece)))
      assert.same({ "ETRUNCATED at 1: " }, select(2, decode('[{"a":1},', piece)))
      assert.same({ "ETRUNCATED at 1: " }, select(2, decode("[", piece)))
    end
  end)

  it("skips through the line of a record that is too long", function()
    decoder.ops.restart(decoder)
    assert.equal(5, tonumber(decoder.ops.skip(decoder, "abcd\nef", 7)))
    assert.equal(3, tonumber(decoder.ops.skip(decoder, "abc", 3)))
  end)

  it("writes rows as lines", function()
    local encoder = C.weir_json_encoder_new()
    local batch, out = C.weir_batch_new(pool), ffi.new("weir_buf")
    C.weir_buf_text(batch.bytes, ' {"a":1} \n{}')
    assert.equal(C.WEIR_OK, C.weir_json_scan(batch, batch.bytes.size))
    for row = 0, 1 do
      assert.equal(C.WEIR_OK, encoder.ops.row(encoder, batch, row, out))
    end
    assert.equal('{"a":1}\n{}\n', ffi.string(out.bytes, out.size))
    C.weir_buf_fini(out)
    C.weir_batch_unref(batch)
    C.weir_encoder_free(encoder)
  end)
end)
