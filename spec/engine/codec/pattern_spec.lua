local lpeg = require("lpeg")
local pattern = require("weir.expr.pattern")
local set = require("weir.expr.pattern.set")
local support = require("spec.support.pattern")

local reader = support.reader

local function only(text, line, define)
  local rows, faults = reader(text, define)(line)
  return rows[1], faults[1]
end

local function number(text)
  return { number = text }
end

describe("pattern decoder", function()
  it("makes a record of each line, in the order of the pattern", function()
    local rows, faults, consumed = reader("%{WORD:a} [%{DATA:b}]")("x [1]\r\n\ny []\nz [2]")
    assert.same({ { a = "x", b = "1" }, { a = "y", b = "" }, { a = "z", b = "2" } }, rows)
    assert.same({}, faults)
    assert.equal(18, consumed)
  end)

  it("leaves an unfinished line until the rest has come", function()
    local rows, _, consumed = reader("%{DATA:a}")("one\ntwo", true)
    assert.same({ { a = "one" } }, rows)
    assert.equal(4, consumed)
  end)

  it("says how far a line that does not match got", function()
    local read = reader("%{WORD:a} [%{INT:b}]")
    local _, faults = read("ok [1]\nx [y]\nx [12\n")
    assert.same({
      { code = "EMATCH", column = 4, before = 1 },
      { code = "EMATCH", column = 6, before = 1 },
    }, faults)
  end)

  it("matches whole lines only", function()
    assert.equal("EMATCH", select(2, only("a", "ab")).code)
    assert.equal("EMATCH", select(2, only("b", "ab")).code)
  end)

  it("refuses lines that are not UTF-8, and only those", function()
    local rows, faults = reader("%{DATA:a}")("gr\195\188n\nx\195(\nlast\n")
    assert.same({ { a = "gr\195\188n" }, { a = "last" } }, rows)
    assert.same({ { code = "EUTF8", column = 2, before = 1 } }, faults)
  end)

  it("never cuts a character", function()
    assert.same({ a = "\195\188", b = "\195\164x" },
      only("%{ONE:a}%{DATA:b}", "\195\188\195\164x", { ONE = "%[^,]" }))
    assert.same({ a = "x\195\188", b = "\195\164" },
      only("%{TWO:a}%{ONE:b}", "x\195\188\195\164", { TWO = "%[^,]+", ONE = "%[^,]" }))
    assert.same({ a = "", b = "\195\164" },
      only("%{DATA:a}%{ONE:b}", "\195\164", { ONE = "%[^,]+" }))
  end)

  it("omits what the line writes as a dash, where the pattern says so", function()
    local read = reader("%{NOTSPACE:user?} %{INT:bytes:integer?}")
    assert.same({ { user = "a", bytes = number("1") }, {}, { user = "-b", bytes = number("-2") } },
      (read("a 1\n- -\n-b -2\n")))
    assert.same({ a = "-" }, only("%{NOTSPACE:a}", "-"))
  end)

  it("omits the fields of a part that is not there", function()
    local read = reader("%(%{INT:n} %)?%(a=%{WORD:a}%|b=%{WORD:b}%)")
    assert.same({ { n = "1", a = "x" }, { b = "y" } }, (read("1 a=x\nb=y\n")))
  end)

  it("forgets what an alternative captured before it failed", function()
    assert.same({ b = "x" }, only("%(%{WORD:a}!%|%{WORD:b}%)", "x"))
    assert.same({ c = "x", d = "y" },
      only("%(%{WORD:a}%(-%{WORD:b}%)?!%|%{WORD:c}-%{WORD:d}%)", "x-y"))
  end)

  it("lets each alternative fill the same field", function()
    local read = reader("%(n=%{INT:v:integer}%|s=%{DATA:v}%)")
    assert.same({ { v = number("7") }, { v = "x y" } }, (read("n=7\ns=x y\n")))
  end)

  it("decodes a second time as it did the first", function()
    local read = reader("%{WORD:a} %{INT:b:integer}")
    for _ = 1, 3 do
      assert.same({ { a = "x", b = number("7") } }, (read("x 007\n")))
    end
  end)
end)

describe("pattern types", function()
  local function typed(kind, text)
    local row, fault = only("<%{DATA:v:" .. kind .. "}", "<" .. text)
    return row and (type(row.v) == "table" and row.v.number or row.v), fault
  end

  for text, written in pairs({
    ["0"] = "0", ["007"] = "7", ["-7"] = "-7", ["+7"] = "7", ["-007"] = "-7", ["000"] = "0",
    ["18446744073709551615"] = "18446744073709551615",
    ["-9223372036854775808"] = "-9223372036854775808",
  }) do
    it(("writes the integer %s as %s"):format(text, written), function()
      assert.equal(written, (typed("integer", text)))
    end)
  end

  for text, written in pairs({
    ["1.50"] = "1.50", [".5"] = "0.5", ["-.5"] = "-0.5", ["+1e5"] = "1e5", ["00.1"] = "0.1",
    ["007"] = "7", ["1E-3"] = "1E-3",
  }) do
    it(("writes the number %s as %s"):format(text, written), function()
      assert.equal(written, (typed("number", text)))
    end)
  end

  it("reads booleans in any case", function()
    assert.is_true((typed("boolean", "true")))
    assert.is_false((typed("boolean", "False")))
  end)

  for _, case in ipairs({
    { "integer", "1.5" }, { "integer", "" }, { "integer", "x" }, { "integer", "-" },
    { "number", "1." }, { "number", "." }, { "number", "0x10" }, { "number", "nan" },
    { "boolean", "yes" }, { "boolean", "" },
  }) do
    it(("fails a record whose %s is %q"):format(case[1], case[2]), function()
      local _, fault = typed(case[1], case[2])
      assert.same({ code = "ETYPE", column = 2, before = 0 }, fault)
    end)
  end

  it("fails an integer beyond 64 bits", function()
    assert.equal("EOVERFLOW", select(2, typed("integer", "18446744073709551616")).code)
    assert.equal("EOVERFLOW", select(2, typed("integer", "-9223372036854775809")).code)
  end)
end)

describe("pattern names", function()
  for name, texts in pairs({
    IP = { "1.2.3.4", "255.0.0.1", "::", "::1", "2001:db8::8a2e:370:7334", "::ffff:1.2.3.4" },
    IPV4 = { "10.0.0.1" },
    IPV6 = { "fe80::1" },
    NUMBER = { "1", "-1.5", "+.5", "1e9" },
    QUOTED = { '""', '"a b"', [["a\"b"]], [["a\\"]] },
    HTTPDATE = { "10/Oct/2000:13:55:36 -0700" },
    ISO8601 = {
      "2026-07-28T10:00:00Z", "2026-07-28 10:00:00,123", "2026-07-28T10:00:00.5+02:00",
    },
    SYSLOGTIME = { "Jun 14 15:16:01", "Jul  3 04:08:03", "Jul 3 04:08:03" },
    UUID = { "b9000564-fe1a-409b-b8cc-1e88b294cd1d" },
    MAC = { "00:1a:2b:3c:4d:5e" },
    EMAIL = { "first.last+tag@example.com" },
    URI = { "https://example.com/a?b" },
    HOST = { "10.0.0.1", "a.example.com", "10.example.com" },
  }) do
    it(name .. " matches what it is for", function()
      for _, text in ipairs(texts) do
        assert.is_not_nil(only("%{" .. name .. "}", text), text)
        assert.is_not_nil(only("a %{" .. name .. "} b", "a " .. text .. " b"), text)
      end
    end)
  end

  for name, texts in pairs({
    IP = { "256.1.1.1", "1.2.3", "1.2.3.4444", ":::", "x", "", "1::2::3" },
    IPV4 = { "::1" },
    IPV6 = { "1.2.3.4" },
    NUMBER = { "", "-", ".", "e5", "1." },
    QUOTED = { '"', '"a', [["a\"]], "a" },
  }) do
    it(name .. " matches nothing else", function()
      for _, text in ipairs(texts) do
        assert.is_nil(only("%{" .. name .. "}", text), text)
      end
    end)
  end

  it("gives QUOTED's inside and leaves a sentence its full stop", function()
    assert.same({ q = [[a\"b]] }, only("%{QUOTED:q}", [["a\"b"]]))
    assert.same({ a = "::1" }, only("from %{IP:a}: x", "from ::1: x"))
    assert.same({ a = "1.2.3.4" }, only("from %{IP:a}.", "from 1.2.3.4."))
    assert.same({ a = "1.2.3.4", p = "80" }, only("%{IP:a}:%{INT:p}", "1.2.3.4:80"))
  end)
end)

-- The model: the same tree as an LPeg pattern, each item built in front of what
-- follows it, so that every choice is tried with the whole rest of the line.
local Model = {}

local function bytes_of(one)
  local members = {}
  for code = 0, 255 do
    members[#members + 1] = set.has(one, code) and string.char(code) or nil
  end
  return lpeg.S(table.concat(members))
end

local character = lpeg.R("\0\127") + lpeg.R("\194\244") * lpeg.R("\128\191") ^ 1

function Model.set(item, rest)
  local one = #bytes_of(item.set) * character
  local function times(least, most)
    if least > 0 then
      return one * times(least - 1, most and most - 1)
    elseif most == 0 then
      return rest
    elseif most then
      return one * times(0, most - 1) + rest
    end
    return lpeg.P({ one * lpeg.V(1) + rest })
  end
  return times(item.least, item.most or nil)
end

function Model.any(_, rest)
  return lpeg.P({ rest + character * lpeg.V(1) })
end

function Model.text(item, rest)
  return lpeg.P(item.text) * rest
end

function Model.shape(item, rest)
  for place = #item.sets, 1, -1 do
    rest = bytes_of(item.sets[place]) * rest
  end
  return rest
end

local digits = lpeg.R("09") ^ 1
local integer = lpeg.S("+-") ^ -1 * digits

function Model.integer(_, rest)
  return integer * rest
end

function Model.number(_, rest)
  local decimal = lpeg.S("+-") ^ -1 * (digits * ("." * digits) ^ -1 + "." * digits)
  return decimal * (lpeg.S("eE") * integer) ^ -1 * rest
end

local sequence

function Model.choice(item, rest)
  local all = lpeg.P(false)
  for _, branch in ipairs(item.branches) do
    all = all + sequence(branch, rest)
  end
  return all
end

function sequence(items, rest)
  for place = #items, 1, -1 do
    local item = items[place]
    if item.kind == "begin" then
      rest = lpeg.Cc(item.begins, "from") * lpeg.Cp() * rest
    elseif item.kind == "finish" then
      rest = lpeg.Cc(item.ends, "to") * lpeg.Cp() * rest
    elseif item.slot then
      rest = lpeg.Cc(item.slot, "from") * lpeg.Cp()
        * Model[item.kind](item, lpeg.Cc(item.slot, "to") * lpeg.Cp() * rest)
    else
      rest = Model[item.kind](item, rest)
    end
  end
  return rest
end

local function model(tree)
  local whole = lpeg.Ct(sequence(tree.items, lpeg.P(-1)))
  return function(line)
    local found = whole:match(line)
    if not found then
      return nil
    end
    local record, from = {}, {}
    for place = 1, #found, 3 do
      local slot, what, at = found[place], found[place + 1], found[place + 2]
      if what == "from" then
        from[slot] = at
      else
        record[tree.fields[tree.slots[slot + 1].column + 1]] = line:sub(from[slot], at - 1)
      end
    end
    return record
  end
end

describe("pattern against a model", function()
  local seed = tonumber(os.getenv("SEED")) or os.time()
  math.randomseed(seed)

  local function pick(list)
    return list[math.random(#list)]
  end

  local define = {
    A = "%[ab]+", AB = "%[a-c]{1,2}", N = "%[^b]*", M = "%[^a ]{1,3}", O = "%[ab]?",
    X = "a%(b%|c%)?", F = "%[ab]{2} %[c]{1}", L = "%{DATA}b",
  }
  local known = { "A", "AB", "N", "M", "O", "X", "F", "L", "DATA", "GREEDYDATA", "INT", "NUMBER" }

  local function random_text(depth, fields)
    local parts = {}
    for place = 1, math.random(1, 4) do
      local die = math.random(10)
      if die <= 2 then
        parts[place] = pick({ "a", "b", "ab", " ", "c", "1", "\195\188" })
      elseif die <= 6 then
        fields.count = fields.count + 1
        parts[place] = ("%%{%s:f%d%s}"):format(pick(known), fields.count, pick({ "", "", "?" }))
      elseif die <= 7 then
        parts[place] = pick({ "%{A}", "%{N}", "%[ab]", "%[^c]+", "%{DATA}" })
      elseif depth > 0 then
        parts[place] = "%(" .. random_text(depth - 1, fields) .. pick({
          "%)?", "%|" .. random_text(depth - 1, fields) .. "%)", "%)",
        })
      else
        parts[place] = "a"
      end
    end
    return table.concat(parts)
  end

  local function random_line()
    local parts = {}
    for place = 1, math.random(0, 12) do
      parts[place] = pick({ "a", "b", "c", "a", "b", " ", "1", "-", ".", "\195\188" })
    end
    return "a" .. table.concat(parts)
  end

  it(("agrees over random patterns and lines (SEED=%d)"):format(seed), function()
    lpeg.setmaxstack(10000)
    local matches = 0
    for _ = 1, 300 do
      local text = random_text(2, { count = 0 })
      local expect = model(assert(pattern.parse(text, define)))
      local read = reader(text, define)
      for _ = 1, 30 do
        local line = random_line()
        local expected = expect(line)
        assert.same(expected, read(line)[1], ("pattern %q, line %q"):format(text, line))
        matches = matches + (expected and 1 or 0)
      end
    end
    assert.is_true(matches > 500)
  end)
end)

describe("pattern under attack", function()
  local many = 1024 * 1024

  for text, define in pairs({
    ["%(a%|aa%)%(a%|aa%)%{A}%{A}%{A}b"] = { A = "%[a]*" },
    ["%{DATA}a%{DATA}a%{DATA}a%{DATA}a%{DATA}b"] = {},
    ["%{A:x}%{A:y}%{A:z}b"] = { A = "%(%[a]+%|%[ab]+%)" },
    ["%{GREEDYDATA}a%{GREEDYDATA}a%{GREEDYDATA}b"] = {},
    ["%{DATA}%[a]%{DATA}%[a]%{DATA}%[b]"] = {},
  }) do
    it("gives a line up soon: " .. text, function()
      local read, line = reader(text, define), ("a"):rep(many)
      local start = os.clock()
      local rows, faults = read(line)
      assert.equal(0, #rows)
      assert.equal("EMATCH", faults[1].code)
      assert.is_true(os.clock() - start < 60) -- not for ages, however slow the machine
    end)
  end

  it("reads noise without a crash", function()
    local read = reader("%{IP:a} %{QUOTED:b} %{NUMBER:c:number} %{DATA:d}%[^x]%{GREEDYDATA:e}")
    for _ = 1, 2000 do
      local noise = {}
      for place = 1, math.random(60) do
        noise[place] = string.char(math.random(0, 255))
      end
      read(table.concat(noise))
      read('::1 "' .. table.concat(noise) .. '" 1e ' .. table.concat(noise))
    end
  end)
end)
