local cjson = require("cjson")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local lists = require("weir.lib.list")
local record = require("weir.native.record")

local C = engine.load("engine/op/record.h")

local function open(json)
  assert.equal(C.WEIR_OK, C.weir_rows_open_text(record.rows, 0, json, #json, -1))
  return record.slot(0)
end

local function keys(value)
  local list = {}
  for key in record.pairs(value) do
    list[#list + 1] = key
  end
  return list
end

-- luassert's own error_matches takes the line away.
local function assert_raises(fn, pattern)
  local ok, problem = pcall(fn)
  assert.is_false(ok)
  assert.matches("record_spec.lua:%d+: .*" .. pattern, problem)
end

describe("a record in a script", function()
  it("reads like a table", function()
    local r = open('{"n":1.5,"t":"a\\u00fc\\n","y":true,"f":false,"z":null,"o":{"k":[1,null]}}')
    assert.same({ 1.5, "aü\n", true, false, record.null }, { r.n, r.t, r.y, r.f, r.z })
    assert.is_nil(r.missing)
    assert.is_nil(r[1])
    assert.is_nil(r[true])
    assert.is_nil(r.o.k.x)
    assert.equal(2, #r.o.k)
    assert.equal(record.null, r.o.k[2])
    assert.is_nil(r.o.k[1.5])
    assert.equal("table", record.type(r.o))
    assert.is_true(r.o == r.o)
    assert.is_false(r.o == r.o.k)
    assert.is_false(r.o == nil)
    assert.is_false(r.o == 1)
  end)

  it("walks in the order of the text, new fields last, equal keys once", function()
    local r = open('{"b":1,"a":2,"b":3,"c":4}')
    r.d, r.c = 5, nil
    assert.same({ "a", "b", "d" }, keys(r))
    assert.equal(3, r.b)
    local sum = 0
    for i, v in record.ipairs(open('{"t":[1,2,3]}').t) do
      sum = sum + i * v
    end
    assert.equal(14, sum)
    assert.same({ 1, 2 }, keys(open('{"t":["x","y"]}').t))
  end)

  it("walks what was there when the walk began", function()
    local r = open('{"a":1,"b":2}')
    r.c = 3
    local seen = {}
    for key, value in record.pairs(r) do
      seen[#seen + 1] = key
      r[key .. "x"] = value
    end
    assert.same({ "a", "b", "c" }, seen)
    assert.equal('{"a":1,"b":2,"c":3,"ax":1,"bx":2,"cx":3}', tostring(r))
  end)

  it("becomes plain tables", function()
    local r = open('{"a":{"b":[1,{"c":null}]},"big":9007199254740993}')
    local plain = record.to_table(r)
    assert.equal("table", type(plain.a.b[2]))
    assert.equal(record.null, plain.a.b[2].c)
    assert.equal("9007199254740993", tostring(plain.big))
    r.a = nil
    assert.equal(1, plain.a.b[1])
  end)

  it("keeps empty lists apart from empty objects", function()
    local r = open('{"a":[],"o":{},"n":[[],[1]]}')
    for _, name in ipairs({ "a", "o", "n" }) do
      r[name] = record.to_table(r[name])
    end
    assert.equal('{"a":[],"o":{},"n":[[],[1]]}', tostring(r))
    local plain = record.to_table(r)
    plain.a[1], plain.n[2][1] = 7, nil
    r.new, r.w = plain, lists.new()
    assert.equal('{"a":[7],"n":[[],[]],"o":{}}', tostring(r.new))
    assert.equal("[]", tostring(r.w))
    assert_raises(function() r.x = lists.new({ k = 1 }) end, "weir.list has a text key: 'k'")
    assert.equal("weir.list", getmetatable(lists.new()))
  end)

  it("takes tables: keys in byte order, sequences as arrays", function()
    local r = open("{}")
    r.t = { z = 1, a = { 1, 2 }, e = {}, n = record.null, nan = 0 / 0, inf = 1 / 0 }
    assert.equal('{"t":{"a":[1,2],"e":{},"inf":null,"n":null,"nan":null,"z":1}}', tostring(r))
    r.t.a[3] = r.t.e
    assert.equal('[1,2,{}]', tostring(r.t.a))
  end)

  it("says what has no place in it, at the line that tried", function()
    local r = open('{"t":[1]}')
    local loop = {}
    loop.loop = loop
    for problem, try in pairs({
      ["a function has no place"] = function() r.x = print end,
      ["both text keys and numbers"] = function() r.x = { 1, a = 2 } end,
      ["list with holes"] = function() r.x = { [2] = 1 } end,
      ["a key of a table is a boolean"] = function() r.x = { [true] = 1 } end,
      ["contains itself"] = function() r.x = loop end,
      ["not valid UTF%-8"] = function() r.x = "\255" end,
      ["field '\255': .*not valid UTF%-8"] = function() r["\255"] = 1 end,
      ["a text is not valid UTF%-8"] = function() r.x = { "\255" } end,
      ["may not have holes"] = function() r.t[3] = 1 end,
      ["not in arrays: 'x'"] = function() r.t.x = 1 end,
      ["not in objects"] = function() r[1] = 1 end,
      ["keys are text"] = function() r[true] = 1 end,
      ["perform arithmetic on a record"] = function() return r.t + 1 end,
      ["concatenate a record"] = function() return "x" .. r end,
      ["compare a record"] = function() return r < r.t end,
    }) do
      assert_raises(try, problem)
    end
    assert.equal('{"t":[1]}', tostring(r))
  end)

  it("says that a value is broken only where it is read", function()
    local r = open('{"a":01,"b":"\\ud800","ok":1}')
    assert.equal(1, r.ok)
    assert_raises(function() return r.a end, "field 'a'")
    assert_raises(function() return r.b end, "field 'b'")
  end)

  it("nests no deeper than JSON may", function()
    local r = open('{"a":{}}')
    assert.has_error(function()
      for _ = 1, 2000 do
        local copy = record.to_table(r)
        r.a = { copy }
      end
    end)
  end)

  it("knows more names than it keeps", function()
    local r = open("{}")
    for i = 1, 5000 do
      r["k" .. i] = i
    end
    assert.equal(4999, r.k4999)
    local decoded = cjson.decode(tostring(r))
    assert.equal(17, decoded.k17)
  end)

  it("fills values for keys of groups and sorts", function()
    local value = ffi.new("weir_value")
    record.value("text", value)
    assert.equal("text", ffi.string(value.text, value.size))
    record.value({ 1, 2 }, value)
    assert.equal(C.WEIR_ARRAY, value.kind)
    assert.equal("[1,2]", ffi.string(value.text, value.size))
    record.value(nil, value)
    assert.equal(C.WEIR_ABSENT, value.kind)
    assert_raises(function() record.value(print, value) end, "a function has no place")
  end)

  it("gives a script no way to memory", function()
    local r = open('{"u":{"t":[1,2]}}')
    local handles = { r, r.u, r.u.t, record.detach(0) }
    for _, handle in ipairs(handles) do
      for _, try in ipairs({
        function() return handle + 1 end,
        function() return 1 + handle end,
        function() return handle - handle end,
        function() return -handle end,
        function() return handle * 2, handle / 2, handle % 2, handle ^ 2 end,
        function() return handle() end,
        function() return handle < 1 end,
        function() return 1 .. handle end,
      }) do
        assert.has_error(try)
      end
      for _, key in ipairs({ 0, -1, 2 ^ 40, -2 ^ 63, 0.5, "bytes", "it", handle }) do
        assert.is_nil(handle[key])
        pcall(function() handle[key] = nil end)
      end
      for _, index in ipairs({ 0, -1, 2 ^ 31, 2 ^ 40 }) do
        assert.has_error(function() handle[index] = 1 end)
      end
    end
    assert.equal('{"u":{"t":[1,2]}}', tostring(r))
    assert.is_nil(tonumber(r))
  end)
end)
