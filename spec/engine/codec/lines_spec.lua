local support = require("spec.engine.codec.support")

local C = support.C

local function read(text, cuts)
  local result = assert(support.decode_once(C.weir_lines_decoder_new("message"), text, cuts))
  local texts = {}
  for i, record in ipairs(result) do
    texts[i] = record.fault and record or record[1]
  end
  return texts, result.names
end

local function write(rows)
  return support.encode(C.weir_lines_encoder_new("message"), rows)
end

describe("reading lines", function()
  it("makes a record of one field of every line", function()
    local texts, names = read("a\n  b,\"c\" \r\n\r\nd\0e")
    assert.same({ "a", '  b,"c" ', "", "d\0e" }, texts)
    assert.same({ "message" }, names)
  end)

  it("takes an empty line for a record, but not the end of the last line", function()
    assert.same({ "", "" }, (read("\n\n")))
    assert.same({}, (read("")))
  end)

  it("reads the same however the input is cut", function()
    local text = "one\r\n\ntwo\r\n\xc3\xa9\nthree"
    for first = 0, #text do
      assert.same((read(text)), (read(text, { first, 1 })))
    end
  end)

  it("faults invalid UTF-8 and goes on", function()
    assert.same({
      "a", { fault = "EUTF8", text = "b\xe2\x82", column = 2, position = 2 }, "c",
      { fault = "EUTF8", text = "\xff", column = 1, position = 8 },
    }, (read("a\nb\xe2\x82\nc\n\xff\n")))
  end)

  it("skips a long one to behind its newline", function()
    local lines = C.weir_lines_decoder_new("x")
    assert.equal(3, tonumber(lines.ops.skip(lines, "abc", 3)))
    assert.equal(2, tonumber(lines.ops.skip(lines, "d\ne\n", 4)))
    C.weir_decoder_free(lines)
  end)
end)

describe("writing lines", function()
  it("writes texts raw and everything else as JSON", function()
    assert.equal('a "b"\t\n1.0\n{"x":[1]}\n\n\na\n"}\nb\n', (write({
      '{"message":"a \\"b\\"\\t"}', '{"n":1,"message":1.0}', '{"message":{"x":[1]}}',
      '{"message":null}', '{"message":""}', '{"message":"a","n":"b"}', '{"message":"\\"}"}',
      '{ "message":"b" }',
    })))
  end)

  it("refuses what would not read back as this one line", function()
    local text, refused = write({
      '{"message":"a\\nb"}', '{"message":"a\\r"}', '{"other":1}', '{"message":"\\ud800"}',
      '{"message":"c\\rd"}',
    })
    assert.equal("c\rd\n", text)
    assert.same({
      { 1, "ESINK", "field message: the text does not fit one line" },
      { 2, "ESINK", "field message: the text does not fit one line" },
      { 3, "ECOLUMNS", "field message: the row has no such field" },
    }, { refused[1], refused[2], refused[3] })
    assert.equal("EUTF8", refused[4][2])
  end)

  it("shortens a long name in its message, between characters", function()
    local name = ("\xc3\xa9"):rep(100)
    local _, refused = support.encode(C.weir_lines_encoder_new("x" .. name), { "{}" })
    assert.equal("field x" .. ("\xc3\xa9"):rep(39) .. "...: the row has no such field",
      refused[1][3])
  end)
end)
