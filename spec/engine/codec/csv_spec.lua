local ffi = require("ffi")
local support = require("spec.engine.codec.support")

local C, NULL = support.C, support.NULL

local kinds = {
  string = C.WEIR_CSV_STRING, integer = C.WEIR_CSV_INTEGER,
  number = C.WEIR_CSV_NUMBER, boolean = C.WEIR_CSV_BOOLEAN,
}

-- The options as C sees them; the second result keeps alive what they point to.
local function c_options(options)
  local made = ffi.new("weir_csv_options")
  local anchors = {}
  made.delimiter = options.delimiter and options.delimiter:byte() or 0
  made.quote = options.quote == false and C.WEIR_CSV_NO_QUOTE
    or options.quote and options.quote:byte() or 0
  made.header = options.header == false and 0 or 1
  made.infer = options.infer and 1 or 0
  made.max_columns = options.max_columns or 0
  if options.columns then
    local columns = ffi.new("weir_slice[?]", #options.columns)
    for i, name in ipairs(options.columns) do
      columns[i - 1].bytes, columns[i - 1].size = name, #name
    end
    made.columns, made.column_count = columns, #options.columns
    anchors[1] = columns
  end
  if options.types then
    local types = ffi.new("weir_csv_type[?]", #options.types)
    for i, type in ipairs(options.types) do
      types[i - 1].column.bytes, types[i - 1].column.size = type[1], #type[1]
      types[i - 1].kind = kinds[type[2]]
    end
    made.types, made.type_count = types, #options.types
    anchors[2] = types
  end
  return made, anchors
end

local function decoder(options)
  local made, anchors = c_options(options or {})
  local out = ffi.new("weir_decoder *[1]")
  local code = C.weir_csv_decoder_new(out, made)
  assert(anchors)
  return code == C.WEIR_OK and out[0] or nil, ffi.string(C.weir_err_name(code))
end

local function read(text, options, cuts)
  return support.decode_once(assert(decoder(options)), text, cuts)
end

-- The records alone.
local function rows(text, options)
  local result = assert(read(text, options))
  result.names, result.rest, result.texts = nil, nil, nil
  return result
end

local function write(json_rows, options)
  local made, anchors = c_options(options or {})
  local out = ffi.new("weir_encoder *[1]")
  local code = C.weir_csv_encoder_new(out, made)
  assert(anchors)
  if code ~= C.WEIR_OK then
    return nil, ffi.string(C.weir_err_name(code))
  end
  return support.encode(out[0], json_rows)
end

describe("reading csv, RFC 4180 section 2", function()
  it("1: every record is on a line of its own", function()
    assert.same({ { "aaa", "bbb", "ccc" }, { "zzz", "yyy", "xxx" } },
      rows("h1,h2,h3\r\naaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"))
  end)

  it("2: the last record may lack its line end", function()
    assert.same({ { "a", "b" } }, rows("h,i\r\na,b"))
    assert.same({ { "a", "" } }, rows("h,i\na,"))
    assert.same({ { "a", "b" } }, rows('h,i\na,"b"'))
  end)

  it("3: the header names the columns", function()
    assert.same({ "field_name", "2" }, read("field_name,2\nx,y\n").names)
  end)

  it("4: a comma parts fields, blanks belong to them", function()
    assert.same({ { " a ", "", " " } }, rows("x,y,z\n a ,, \n"))
  end)

  it("5: a field may be quoted or not; a quote inside an unquoted one is itself", function()
    assert.same({ { "aaa", "bbb", "c" } }, rows('x,y,z\n"aaa","bbb",c\n'))
    assert.same({ { 'a"b"', ' "c"' } }, rows('x,y\na"b", "c"\n'))
  end)

  it("6: line ends and delimiters may be quoted", function()
    assert.same({ { "a", "b\r\nb\n,", "c" } }, rows('x,y,z\r\n"a","b\r\nb\n,","c"\r\n'))
  end)

  it("7: a doubled quote stands for one", function()
    assert.same({ { "aaa", 'b"bb', '"', '""' } }, rows('w,x,y,z\n"aaa","b""bb","""",""""""\n'))
  end)
end)

describe("reading csv", function()
  it("passes over a byte order mark and blank lines", function()
    local result = read("\xEF\xBB\xBFa,b\r\n\r\n\n1,2\n\n")
    assert.same({ "a", "b" }, result.names)
    assert.same({ "1", "2" }, result[1])
    assert.equal(1, #result)
  end)

  it("takes names from the header, from columns, or from numbers", function()
    assert.same({ "a", "b" }, read("x,y\n1,2\n", { columns = { "a", "b" } }).names)
    assert.same({ { "1", "2" } }, rows("x,y\n1,2\n", { columns = { "a", "b" } }))
    assert.same({ { "1", "2" } }, rows("1,2\n", { columns = { "a", "b" }, header = false }))
    local result = read("\n5,6,7\n", { header = false })
    assert.same({ "1", "2", "3" }, result.names)
    assert.same({ "5", "6", "7" }, result[1])
  end)

  it("keeps both of two columns of one name", function()
    assert.same({ "a", "a_2" }, read("a,a\n1,2\n").names)
    assert.same({ { "1", "2" } }, rows("a,a\n1,2\n"))
    assert.same({ "a", "a_3", "b", "4", "a_2", "a_4", "7_2", "7" },
      read("a,a,b,,a_2,a,,7\n1,2,3,4,5,6,7,8\n").names)
  end)

  it("takes any delimiter and quote", function()
    assert.same({ { "a,b", "c;d" } }, rows("x;y\na,b;'c;d'\n", { delimiter = ";", quote = "'" }))
    assert.same({ { '"a', 'b"' } }, rows('x\ty\n"a\tb"\n', { delimiter = "\t", quote = false }))
  end)

  it("keeps NUL bytes and lone carriage returns", function()
    assert.same({ { "a\0b", "c\rd" } }, rows("x,y\na\0b,c\rd\n"))
  end)

  it("faults rows with too many or too few fields, and goes on", function()
    assert.same({
      { fault = "ECOLUMNS", text = "1", column = 2, position = 4 },
      { "2", "3" },
      { fault = "ECOLUMNS", text = "4,5,6,7", column = 5, position = 10 },
    }, rows("a,b\n1\n2,3\n4,5,6,7\n"))
  end)

  it("faults text behind a closing quote", function()
    assert.same({
      { fault = "ESYNTAX", text = '"a"b,c', column = 4, position = 4 },
      { "d", "e" },
    }, rows('x,y\n"a"b,c\nd,e\n'))
  end)

  it("faults a quote that is open at the end", function()
    assert.same({
      { "a", "b" },
      { fault = "EQUOTE", text = 'c,"d\ne,f\n', column = 3, position = 8 },
    }, rows('x,y\na,b\nc,"d\ne,f\n'))
  end)

  it("faults invalid UTF-8, even where a row cuts a character", function()
    assert.same({
      { fault = "EUTF8", text = "a,\xff", column = 3, position = 4 },
      { "b", "\xc3\xa9" },
      { fault = "EUTF8", text = "c,\xe2\x82", column = 3, position = 13 },
      { "d", "e" },
    }, rows("x,y\na,\xff\nb,\xc3\xa9\nc,\xe2\x82\nd,e\n"))
  end)

  it("gives each row the bytes it came from", function()
    assert.same({ '"a""b",c' }, read('x,y\n"a""b",c\r\n').texts)
  end)

  it("reads nothing from nothing", function()
    assert.same({}, rows(""))
    assert.same({}, rows("a,b\n"))
    assert.same({}, rows("a,b"))
    assert.same({}, rows("\n\r\n"))
    assert.same({}, rows("\xEF\xBB\xBF"))
  end)

  it("begins afresh with the next file", function()
    local csv = decoder()
    assert.same({ "a", "b" }, support.decode(csv, "a,b\n1,2\n").names)
    csv.ops.restart(csv)
    local result = support.decode_once(csv, "\xEF\xBB\xBFc\n3\n")
    assert.same({ "c" }, result.names)
    assert.same({ "3" }, result[1])
  end)
end)

describe("types of csv", function()
  it("are text unless something else is asked for", function()
    assert.same({ { "1", "true", "" } }, rows("a,b,c\n1,true,\n"))
  end)

  it("are inferred from what JSON calls a number or a boolean", function()
    local text = {}
    local expected = {}
    for _, number in ipairs({ "0", "-0", "12", "1.50", "-1e9", "2E+3", "18446744073709551615" }) do
      text[#text + 1] = number
      expected[#expected + 1] = { { number = number } }
    end
    for _, other in ipairs({ "007", "1.", ".5", "+1", "1e", "-", "0x10", "True", "nan", " 1" }) do
      text[#text + 1] = other
      expected[#expected + 1] = { other }
    end
    for _, pair in ipairs({ { "true", true }, { "false", false }, { '"1"', "1" }, { '""', "" } }) do
      text[#text + 1] = pair[1]
      expected[#expected + 1] = { pair[2] }
    end
    assert.same(expected, rows("x\n" .. table.concat(text, "\n") .. "\n", { infer = true }))
  end)

  it("are what the columns declare, with empty as null", function()
    local types = { { "i", "integer" }, { "n", "number" }, { "b", "boolean" }, { "s", "string" } }
    assert.same({
      { { number = "7" }, { number = "1.0" }, true, "1" },
      { NULL, NULL, NULL, "" },
      { fault = "ETYPE", text = "1.5,1,true,x", column = 1, position = 27 },
      { fault = "ETYPE", text = "1,one,true,x", column = 3, position = 40 },
      { fault = "ETYPE", text = "1,1,yes,x", column = 5, position = 53 },
    }, rows('i,n,b,s\n"7",1.0,true,1\n,,,\n1.5,1,true,x\n1,one,true,x\n1,1,yes,x\n',
      { types = types, infer = true }))
  end)
end)

describe("csv whose header is wrong", function()
  local function failure(text, options)
    local result, code, message = read(text, options)
    assert.is_nil(result)
    return code .. ": " .. message
  end

  it("ends the input with a message", function()
    assert.matches("^EQUOTE: .*first row", failure('a,"b\n1,2\n'))
    assert.matches("^ESYNTAX: .*first row", failure('"a"x,b\n1,2\n'))
    assert.matches("^EUTF8: .*first row", failure("a,\xff\n1,2\n"))
    assert.matches("^ECOLUMNS: .*max_columns", failure("a,b,c\n", { max_columns = 2 }))
    assert.matches("^ECOLUMNS: the header has 3 columns, but 2 names are given",
      failure("a,b,c\n", { columns = { "x", "y" } }))
    assert.matches('^ETYPE: .*"z", which is not there',
      failure("a,b\n1,2\n", { types = { { "z", "number" } } }))
  end)
end)

describe("options of csv", function()
  it("are refused when bytes cannot be told apart", function()
    for _, options in ipairs({
      { delimiter = "\n" }, { delimiter = "\r" }, { delimiter = '"' }, { delimiter = "\xe9" },
      { quote = "\n" }, { quote = "," }, { quote = "\xff" }, { max_columns = 1e6 },
    }) do
      local made, code = decoder(options)
      assert.is_nil(made)
      assert.equal("EINVAL", code)
    end
  end)
end)

describe("a csv record that is too long", function()
  it("is skipped to its end, which is not inside of quotes", function()
    local csv = decoder()
    local text = 'a,"b\n""c\n",d"x\ne,f\n'
    for cut = 1, 14 do
      local first = csv.ops.skip(csv, text:sub(1, cut), cut)
      assert.equal(cut, tonumber(first))
      assert.equal(15 - cut, tonumber(csv.ops.skip(csv, text:sub(cut + 1), #text - cut)))
    end
    C.weir_decoder_free(csv)
  end)
end)

-- The slow model: one character at a time, no errors but ragged rows.
local function model_rows(text)
  local result, row, field, at = {}, {}, {}, 1
  local quoted_field = false
  local function end_field()
    row[#row + 1] = table.concat(field)
    field, quoted_field = {}, false
  end
  local function end_row(is_blank)
    end_field()
    if not is_blank then
      result[#result + 1] = row
    end
    row = {}
  end
  local row_start = 1
  while at <= #text do
    local char = text:sub(at, at)
    if char == '"' and #field == 0 and not quoted_field then
      quoted_field = true
      at = at + 1
      while text:sub(at, at) ~= '"' or text:sub(at + 1, at + 1) == '"' do
        field[#field + 1] = text:sub(at, at)
        at = at + (text:sub(at, at) == '"' and 2 or 1)
      end
    elseif char == "," then
      end_field()
    elseif char == "\n" or text:sub(at, at + 1) == "\r\n" then
      end_row(at == row_start)
      at = char == "\r" and at + 1 or at
      row_start = at + 1
    else
      field[#field + 1] = char
    end
    at = at + 1
  end
  if row_start <= #text then
    end_row(false)
  end
  return result
end

describe("csv at random", function()
  local seed = tonumber(os.getenv("SEED")) or os.time()

  local pieces = { "a", "b", "\xc3\xa9", " ", "x\r", "0", "longer text without anything in it" }
  local quoted_pieces = { "a", ",", "\n", "\r\n", '""', "\xe2\x82\xac", " ", "some more text" }

  local function random_field()
    local parts = {}
    if math.random() < 0.4 then
      for i = 1, math.random(0, 5) do
        parts[i] = quoted_pieces[math.random(#quoted_pieces)]
      end
      return '"' .. table.concat(parts) .. '"'
    end
    for i = 1, math.random(0, 4) do
      parts[i] = pieces[math.random(#pieces)]
    end
    local text = table.concat(parts)
    return math.random() < 0.1 and text ~= "" and text .. '"' or text
  end

  local function random_text(columns)
    local lines = {}
    for i = 1, math.random(0, 12) do
      local fields = {}
      for j = 1, columns do
        fields[j] = random_field()
      end
      lines[i] = table.concat(fields, ",") .. (math.random() < 0.3 and "\r\n" or "\n")
    end
    local text = table.concat(lines)
    return math.random() < 0.3 and text:gsub("\r?\n$", "") or text
  end

  it("reads as the model does, however the input is cut (seed " .. seed .. ")", function()
    math.randomseed(seed)
    for _ = 1, 3000 do
      local columns = math.random(1, 4)
      local text = random_text(columns)
      local cuts = {}
      for i = 1, math.random(0, 6) do
        cuts[i] = math.random(0, 20)
      end
      local names = { "c1", "c2", "c3", "c4" }
      names[columns + 1] = nil
      for i = columns + 1, 4 do names[i] = nil end
      local result = read(text, { header = false, columns = names }, cuts)
      local expected = model_rows(text)
      assert.equal(#expected, #result, ("seed %d: %q"):format(seed, text))
      for i, row in ipairs(expected) do
        assert.same(row, result[i], ("seed %d: %q"):format(seed, text))
      end
      assert.equal("", result.rest)
    end
  end)

  it("survives any bytes (seed " .. seed .. ")", function()
    math.randomseed(seed)
    local alphabet = { '"', ",", "\n", "\r", "a", "\xff", "\xc3", "\0", "1", "true" }
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(0, 60) do
        parts[i] = alphabet[math.random(#alphabet)]
      end
      local text = table.concat(parts)
      local options = { header = math.random() < 0.5, infer = true }
      local whole, code = read(text, options)
      local cut, cut_code = read(text, options, { math.random(0, 9), math.random(0, 30) })
      assert.same(code, cut_code)
      assert.same(whole, cut, ("seed %d: %q"):format(seed, text))
    end
  end)
end)

describe("writing csv", function()
  it("takes the header from the first row", function()
    assert.equal("a,b\n1,x\n,y\n3,\n", (write({
      '{"a":1,"b":"x"}', '{"b":"y"}', '{"b":null,"a":3}',
    })))
  end)

  it("takes the columns given, in their order", function()
    local text, refused = write({ '{"b":2,"a":1}', '{"c":3}' }, { columns = { "a", "b" } })
    assert.equal("a,b\n1,2\n", text)
    assert.same({ { 2, "ECOLUMNS", "field c: none of the columns" } }, refused)
    assert.equal("a,b\n", (write({}, { columns = { "a", "b" } })))
    assert.equal("1\n", (write({ '{"a":1}' }, { header = false })))
  end)

  it("refuses a row with a field that has no column", function()
    local text, refused = write({ '{"a":1}', '{"a":2,"b":3}', '{"a":4}' })
    assert.equal("a\n1\n4\n", text)
    assert.same({ { 2, "ECOLUMNS",
      "field b: not in the header of the file; columns = {...} names all" } }, refused)
  end)

  it("does not let a refused row name the columns", function()
    local text, refused = write({ '{"a":"\\ud800"}', "{}", '{"b":1}' })
    assert.equal("b\n1\n", text)
    assert.same({ 1, 2 }, { refused[1][1], refused[2][1] })
    assert.same({ "EUTF8", "ECOLUMNS" }, { refused[1][2], refused[2][2] })
  end)

  it("quotes where it has to and nowhere else", function()
    assert.equal('a,b\n"x,y","say ""hi"""\n" x","x\t"\n"l\n","r\r"\nplain \'text\',007\n', (write({
      '{"a":"x,y","b":"say \\"hi\\""}', '{"a":" x","b":"x\\t"}', '{"a":"l\\n","b":"r\\r"}',
      '{"a":"plain \'text\'","b":"007"}',
    })))
  end)

  it("quotes a lone empty field, which would be a blank line", function()
    assert.equal('a\n""\n""\n', (write({ '{"a":""}', '{"a":null}' })))
  end)

  it("writes numbers as they are and tables as JSON", function()
    assert.equal('a,b,c,d\n1.0,18446744073709551615,true,"{""x"":[1,2]}"\n', (write({
      '{"a":1.0,"b":18446744073709551615,"c":true,"d":{"x":[1,2]}}',
    })))
  end)

  it("unescapes keys and lets the last of equal keys count", function()
    assert.equal('"a,b"\n2\n', (write({ '{"a\\u002cb":1,"a,b":2}' })))
  end)

  it("refuses what needs quotes when there are none", function()
    local text, refused = write({ '{"a":" x \\""}', '{"a":"x\\ty"}' },
      { delimiter = "\t", quote = false })
    assert.equal('a\n x "\n', text)
    assert.same({ { 2, "ESINK", "field a: the text cannot be written without quotes" } }, refused)
    assert.is_nil((write({}, { columns = { "a\tb" }, delimiter = "\t", quote = false })))
  end)

  it("writes what it reads back (random)", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local chars = { "a", '"', ",", "\n", "\r", " ", "\t", "\xc3\xa9", "\\", "\0" }
    local function json(text)
      return '"' .. text:gsub('[%z\1-\31"\\]', function(c)
        return ("\\u%04x"):format(c:byte())
      end) .. '"'
    end
    for _ = 1, 500 do
      local expected, texts = {}, {}
      local columns = math.random(1, 4)
      for i = 1, math.random(1, 5) do
        local row, members = {}, {}
        for j = 1, columns do
          local parts = {}
          for k = 1, math.random(0, 5) do
            parts[k] = chars[math.random(#chars)]
          end
          row[j] = table.concat(parts)
          members[j] = ('"k%d":%s'):format(j, json(row[j]))
        end
        expected[i], texts[i] = row, "{" .. table.concat(members, ",") .. "}"
      end
      local text, refused = write(texts)
      assert.same({}, refused)
      assert.same(expected, rows(text), ("seed %d: %q"):format(seed, text))
    end
  end)
end)
