local cjson = require("cjson")
local support = require("spec.engine.codec.support")

local C = support.C

local function read(text, cuts)
  local result = assert(support.decode_once(C.weir_logfmt_decoder_new(), text, cuts))
  result.texts, result.rest = nil, nil
  return result
end

local function write(rows)
  return support.encode(C.weir_logfmt_encoder_new(), rows)
end

describe("reading logfmt", function()
  it("makes a text of every value, and true of a bare key", function()
    assert.same({ '{"level":"info","took":"12ms","n":"007","retry":true,"e":""}' },
      read("level=info  took=12ms\tn=007 retry e=\n"))
  end)

  it("reads quoted values with the escapes of JSON", function()
    assert.same({ [[{"msg":"it is \"so\" \\ \u00e9\n","x":"a=b c"}]] },
      read([[msg="it is \"so\" \\ \u00e9\n" x="a=b c"]] .. "\n"))
  end)

  it("takes quotes, equal signs and backslashes within a word as they are", function()
    assert.same({ [[{"url":"http://x/?a=\"b\"&c=d","path":"C:\\new"}]] },
      read([[url=http://x/?a="b"&c=d path=C:\new]] .. "\r\n"))
  end)

  it("takes raw control characters along, in quotes and without", function()
    local result = read('a="x\ty" b="\\"\1" c=z\2\n')
    assert.same({ a = "x\ty", b = '"\1', c = "z\2" }, cjson.decode(result[1]))
  end)

  it("keeps equal keys and passes over blank lines", function()
    assert.same({ '{"a":"1","a":"2"}' }, read("\n \t\na=1 a=2\n\r\n"))
  end)

  it("says where a row came from, though it lies elsewhere", function()
    local ffi = require("ffi")
    local pool = C.weir_pool_new(1)
    local batch = C.weir_batch_new(pool)
    local text = "a=1\n\n  b=2\r\n"
    C.weir_buf_append(batch.bytes, text, #text)
    batch.input_size = #text
    local logfmt = C.weir_logfmt_decoder_new()
    local consumed = ffi.new("size_t[1]")
    assert.equal(0, logfmt.ops.decode(logfmt, batch, 1, consumed))
    local origin = C.weir_batch_row_origin(batch, 1)
    assert.equal("  b=2", text:sub(origin.start + 1, origin["end"]))
    C.weir_decoder_free(logfmt)
    C.weir_batch_unref(batch)
    C.weir_pool_free(pool)
  end)

  for _, case in ipairs({
    { "=x", "ESYNTAX", 1 }, { "a=1 =x", "ESYNTAX", 5 }, { '"hello" world', "ESYNTAX", 1 },
    { 'a"b=1', "ESYNTAX", 2 }, { 'a="x"y', "ESYNTAX", 6 }, { 'a="x', "EQUOTE", 3 },
    { 'a="x\\"', "EQUOTE", 3 }, { 'a="\\q"', "ESYNTAX", 3 }, { 'a="\\', "EQUOTE", 3 },
    { "a=\xff", "EUTF8", 3 }, { 'a="\\ud800"', "EUTF8", 3 },
  }) do
    it("faults " .. ("%q"):format(case[1]) .. " and goes on", function()
      assert.same({
        { fault = case[2], text = case[1], column = case[3], position = 0 }, '{"b":"2"}',
      }, read(case[1] .. "\nb=2\n"))
    end)
  end

  it("survives any bytes, however they are cut", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local alphabet = { '"', "=", " ", "\n", "\\", "u", "a", "\xff", "\xc3\xa9", "\0", "\t" }
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(0, 40) do
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
end)

describe("writing logfmt", function()
  it("quotes where it has to and nowhere else", function()
    assert.equal([[a=x b="x y" c="p=q" d="\"" e="\\" f= g="\t" h=é]] .. "\n", (write({
      [[{"a":"x","b":"x y","c":"p=q","d":"\"","e":"\\","f":"","g":"\t","h":"é"}]],
    })))
  end)

  it("writes numbers, booleans and null as JSON, and tables in a text", function()
    assert.equal([[a=1.0 b=true c=null d="{\"x\":[1]}"]] .. "\n", (write({
      '{"a":1.0,"b":true,"c":null,"d":{"x":[1]}}',
    })))
  end)

  it("refuses names that it cannot write", function()
    local text, refused = write({
      '{"a b":1}', '{"":1}', '{"a=":1}', '{"a\\"":1}', '{"x":"\\ud800"}', '{"\\u0061":1}',
    })
    assert.equal("a=1\n", text)
    assert.same({ 1, "ESINK", "field a b: not a name that logfmt can write" }, refused[1])
    assert.equal(5, #refused)
    assert.equal("EUTF8", refused[5][2])
  end)

  it("writes what it reads back (random)", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local chars = { "a", '"', "=", " ", "\n", "\\", "\t", "\xc3\xa9", "\1", "/" }
    for _ = 1, 1000 do
      local record = {}
      for i = 1, math.random(1, 4) do
        local parts = {}
        for k = 1, math.random(0, 5) do
          parts[k] = chars[math.random(#chars)]
        end
        record["k" .. i] = table.concat(parts)
      end
      local text, refused = write({ cjson.encode(record) })
      assert.same({}, refused)
      assert.same(record, cjson.decode(read(text)[1]), ("seed %d: %q"):format(seed, text))
    end
  end)
end)
