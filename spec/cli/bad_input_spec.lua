--- What bad input does to a run: it becomes dead letters or a message, nothing else.

local cjson = require("cjson")
local program = require("spec.support.program")

local place = program.each_place()

local function run(line)
  return place:run(line)
end

-- A script that copies `source`, an expression, to out.jsonl.
local function copy(source, name)
  place:write((name or "copy") .. ".lua", ([[
local weir = require "weir"
weir.from(%s):to "out.jsonl"
]]):format(source))
end

local function letters(name)
  return place:records(name or "copy.dead.jsonl")
end

describe("bad records", function()
  it("become dead letters with code, reason, source, position and their bytes", function()
    place:write("in.jsonl", '{"a":1}\n{"a":1\n{"a":"x}\n5\n[1]\nnull\n\255{"a":1}\n\n  \n{"a":2}')
    copy '"in.jsonl"'
    local result = run("weir run copy.lua")
    assert.equal(0, result.code)
    assert.equal('{"a":1}\n{"a":2}\n', place:read("out.jsonl"))
    local expected = {
      { "EBRACKET", 8, '{"a":1', "record 2, column 7" },
      { "EQUOTE", 15, '{"a":"x}', "record 3" },
      { "EOBJECT", 24, "5", "record 4" },
      { "EOBJECT", 26, "[1]", "record 5" },
      { "EOBJECT", 30, "null", "record 6" },
      { "EUTF8", 35, nil, "record 7, column 1" },
    }
    local found = letters()
    assert.equal(#expected, #found)
    for i, letter in ipairs(found) do
      local code, position, raw, words = unpack(expected[i], 1, 4)
      assert.equal(code, letter.code)
      assert.equal(position, letter.position)
      assert.equal(raw, letter.raw)
      assert.equal("in.jsonl", letter.source)
      assert.equal("file:in.jsonl", letter.stage)
      assert.truthy(letter.reason:find(words, 1, true), letter.reason)
      assert.truthy(letter.time > 1e12)
    end
    assert.equal("/3siYSI6MX0=", found[6].raw_base64)
    assert.truthy(result.err:find("the ledger balances", 1, true))
  end)

  it("are left out of what is passed on whole, however rows lie in the input", function()
    local rows = {}
    for n = 1, 20000 do
      rows[n] = ('{"n":%d,"text":"%s"}'):format(n, ("x"):rep(n % 40))
    end
    local good = table.concat(rows, "\n")
    for _, text in ipairs({
      good, good .. "\n", "\239\187\191" .. good, "\n\n" .. good:gsub("\n", "\r\n"),
      good:gsub('{"n":7%d*,', "5\n %0 "), good .. "\n{\n",
      "[" .. table.concat(rows, ",\n"):gsub('"text":', '"text":\n ') .. "]",
    }) do
      place:write("in.jsonl", text)
      place:write("run.lua", [[
local weir = require "weir"
local input = weir.from "in.jsonl"
input:to "out.jsonl"
input:to "out.csv"
input:filter(function(r) return true end):to "through.jsonl"
input:filter(function(r) return true end):to "through.csv"
]])
      for workers = 1, 2 do
        local line = "rm -f *.dead.jsonl; weir run --workers " .. workers .. " run.lua"
        assert.equal(0, run(line).code)
        assert.is_true(place:read("through.jsonl") == place:read("out.jsonl"))
        assert.is_true(place:read("through.csv") == place:read("out.csv"))
        local _, count = place:read("out.jsonl"):gsub("\n", "")
        assert.equal(20000, count)
      end
    end
  end)

  it("are found where a field is touched, and pass untouched where none is", function()
    place:write("in.jsonl", '{"a":"\0"}\n{"a":01}\n{"a":tru}\n{"a":1}\n')
    local untouched = run("weir -q -e ':take(9)' in.jsonl")
    assert.equal('{"a":"\0"}\n{"a":01}\n{"a":tru}\n{"a":1}\n', untouched.out)
    local touched = run("weir -e ':filter \"a\"' in.jsonl")
    assert.equal('{"a":1}\n', touched.out)
    assert.truthy(touched.err:find("3  -e:1:2: field 'a': the syntax is wrong, first in in.jsonl",
      1, true), touched.err)
  end)

  local broken = {
    '{"a":NaN}', '{"a":nul}', '{"a":[1,]}', '{"a":{"x":nul}}', '{"a":01}', '{"a":"\\x"}',
  }
  for _, chain in ipairs({
    ':select("a")', ':select{ q = "a", n = "1" }', ':set{ q = "a" }',
    ':group_by("a"):aggregate{ n = weir.count() }:filter "not (a is null)"',
    ":map(function(r) return { q = r.a } end)", ":map(function(r) r.q = r.a end)",
    ":map(function(r) return { q = r.a, k = pcall(print, r) } end)",
  }) do
    it("never leave as JSON that is none: " .. chain, function()
      place:write("in.jsonl", table.concat(broken, "\n") .. '\n{"a":1.0}\n')
      local out = run(("weir -q -e '%s' in.jsonl"):format(chain)).out
      assert.matches("1", out)
      for line in out:gmatch("[^\n]+") do
        assert.is_true((pcall(cjson.decode, line)), line)
        assert.is_nil(line:find("NaN", 1, true))
      end
    end)
  end

  it("keep the bytes of a field that is copied", function()
    place:write("in.jsonl", '{"n":1.0}\n{"n":1e400}\n{"n":123456789012345678901234567890}\n')
    local copied = run([[weir -q -e ':set{ c = "n" }:select{ "c", k = "c" }' in.jsonl]])
    assert.equal('{"c":1.0,"k":1.0}\n{"c":1e400,"k":1e400}\n{"c":123456789012345678901234567890,'
      .. '"k":123456789012345678901234567890}\n', copied.out)
  end)

  it("are all refused by a strict codec", function()
    place:write("in.jsonl", "{'a':1}\n" .. '{"a":01}\n{"a":"\0"}\n{"a":1,}\n{"a":"\\x"}\n{"a":1}\n')
    copy 'weir.file{ path = "in.jsonl", codec = weir.json{ strict = true } }'
    assert.equal(0, run("weir run copy.lua").code)
    assert.equal('{"a":1}\n', place:read("out.jsonl"))
    assert.equal(5, #letters())
  end)

  it("may be a line of 100 MiB, in little memory", function()
    copy '"long.jsonl"'
    local result = run([[
      { printf '{"a":1}\n{"a":"'; head -c 104857600 /dev/zero | tr '\0' x
        printf '"}\n{"a":3}\n'; } > long.jsonl
      command time -f %M "$WEIR" run -q copy.lua]])
    assert.equal(0, result.code)
    assert.equal('{"a":1}\n{"a":3}\n', place:read("out.jsonl"))
    -- A sanitizer needs memory of its own.
    if (os.getenv("BUILD") or "build") == "build" then
      assert.truthy(tonumber(result.err:match("%d+")) < 100 * 1024, result.err .. " KiB")
    end
    local letter = letters()[1]
    assert.equal("ERECORD", letter.code)
    assert.equal(8, letter.position)
    assert.truthy(#letter.raw <= 64 * 1024)
  end)

  it("may be 100,000 brackets deep, closed or not", function()
    local deep, close = ("["):rep(100000), ("]"):rep(100000)
    place:write("in.jsonl", ('{"a":%s%s}\n{"a":%s\n{"a":7}\n'):format(deep, close, deep))
    copy '"in.jsonl"'
    assert.equal(0, run("weir run copy.lua").code)
    assert.equal('{"a":7}\n', place:read("out.jsonl"))
    local found = letters()
    assert.equal("EDEPTH", found[1].code)
    assert.equal("EDEPTH", found[2].code)
  end)

  it("are found by what reads them, as weir help json says", function()
    place:write("in.jsonl", '{"a":"\0"}\n{"a":"\t"}\n{"a":nul}\n{\'a\':1}\n')
    local read = run([[weir -q -e ':set{ b = "a" }' in.jsonl]])
    assert.equal("{'a':1}\n", read.out)
    local copied = run([[weir -q -e ':select("a")' in.jsonl]])
    assert.equal("{}\n", copied.out)
    local passed = run([[weir -q -e ':take(4)' in.jsonl]])
    assert.equal('{"a":"\0"}\n{"a":"\t"}\n{"a":nul}\n{\'a\':1}\n', passed.out)
  end)

  it("do not change the exit code, but with --strict", function()
    place:write("in.jsonl", '{"a":1}\n{"a":\n')
    copy '"in.jsonl"'
    assert.equal(0, run("weir run -q copy.lua").code)
    local strict = run("weir run -q --strict copy.lua")
    assert.equal(4, strict.code)
    assert.equal("weir: --strict: the run has dead letters\n", strict.err)
    assert.equal('{"a":1}\n', place:read("out.jsonl"))
  end)

  it("stop the run above --max-errors, which leaves the old output", function()
    place:write("in.jsonl", '{"a":1}\n1\n2\n3\n')
    place:write("out.jsonl", "old\n")
    copy '"in.jsonl"'
    local result = run("weir run --max-errors 2 copy.lua")
    assert.equal(4, result.code)
    assert.truthy(result.err:find("too many errors: 3, max_errors is 2", 1, true), result.err)
    assert.truthy(result.err:find("stays as it was", 1, true), result.err)
    assert.equal("old\n", place:read("out.jsonl"))
    assert.equal(3, #letters())
  end)

  it("stop the run at its end above a share, however few records there are", function()
    place:write("in.jsonl", ('{"a":1}\n{"a":true}\n'):rep(499))
    place:write("copy.lua", [[
require "weir".from "in.jsonl" :filter(function(r) return r.a + 1 == 2 end):to "out.jsonl"
]])
    local result = run("weir run --max-errors 1% copy.lua")
    assert.equal(4, result.code)
    assert.truthy(result.err:find("499 of 998 records, max_errors is 1%", 1, true), result.err)
    assert.is_false(place:has("out.jsonl"))
    assert.equal(0, run("weir run --max-errors 50% copy.lua").code)
  end)

  it("of lambdas are counted one by one, be they ever so slow to fail", function()
    place:write("in.jsonl", ('{"a":1}\n'):rep(2000))
    for loop, most in pairs({ ["while true do end"] = 3, ["return r.b.c"] = 0 }) do
      local result = run(("weir -e ':filter(function(r) %s end)' --max-errors %d in.jsonl"):format(
        loop, most))
      assert.equal(4, result.code)
      assert.truthy(result.err:find(("too many errors: %d, max"):format(most + 1), 1, true),
        result.err)
    end
  end)

  it("make no file of dead letters where there are none", function()
    place:write("in.jsonl", '{"a":1}')
    copy '"in.jsonl"'
    assert.equal(0, run("weir run -q copy.lua").code)
    assert.is_false(place:has("copy.dead.jsonl"))
  end)
end)

describe("bad lambdas", function()
  -- Runs a lambda over n records, 1 to n; gives the result and the one dead letter.
  local function lambda(body, n)
    place:write("run.lua", ([[
local weir = require "weir"
weir.from(weir.generate{ count = %d, fn = function(n) return { n = n } end })
  :map(function(r) %s end)
  :to(weir.discard{})
]]):format(n, body))
    local result = run("weir run run.lua")
    assert.equal(0, result.code, result.err)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
    local found = letters("run.dead.jsonl")
    assert.equal(1, #found)
    os.remove(place.path .. "/run.dead.jsonl")
    return found[1], result
  end

  it("that raise on the millionth record lose that record alone", function()
    local letter, result = lambda('if r.n == 1000000 then error("boom") end', 1000001)
    assert.equal("ELAMBDA", letter.code)
    assert.equal("map", letter.stage)
    assert.truthy(letter.reason:find("run.lua:3: boom", 1, true), letter.reason)
    assert.truthy(letter.traceback:find("run.lua:3", 1, true))
    assert.equal('{"n":1000000}', letter.raw)
    assert.truthy(letter.reason:find("(record 1000000)", 1, true), letter.reason)
    assert.equal("generate", letter.source)
    assert.truthy(result.err:find("1,000,000 records, 12.9 MB to nowhere", 1, true), result.err)
  end)

  it("that never end run out of fuel", function()
    local letter = lambda("if r.n == 5 then while true do end end", 9)
    assert.equal("EFUEL", letter.code)
    assert.truthy(letter.reason:find("run.lua:3: ran out of fuel (endless loop?)", 1, true),
      letter.reason)
  end)

  it("that match a bad pattern are given up", function()
    local letter = lambda('if r.n == 5 then r.x = ("a"):rep(3000):find((".-"):rep(20) .. "b") end',
      9)
    assert.truthy(letter.reason:find("run.lua:3: pattern takes too long on this text", 1, true),
      letter.reason)
  end)

  it("that hoard memory are stopped at its limit, and say where", function()
    local letter = lambda(
      'if r.n == 5 then local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end end', 9)
    assert.equal("EMEMORY", letter.code)
    assert.truthy(letter.reason:find("run.lua:3: not enough memory", 1, true), letter.reason)
  end)

  -- Each of them crashed compiled code when LuaJIT was refused the memory.
  it("that hoard it in any other way are stopped as well", function()
    local hoards = {
      "while true do t[#t + 1] = { n = #t, tostring(#t) } end",
      "while true do t = { t, function() return t end } end",
      "while true do pcall(function() while true do t[#t + 1] = { up(#t % 50) } end end) end",
      "while true do t[#t + 1] = coroutine.wrap(up) t[#t](9) end",
      "local s = 'x' while true do s = s .. #s t[#t + 1] = s end",
      "while true do t[#t * 3 + 0.5], t[#t + 1] = {}, r end",
      "while true do coroutine.wrap(function() for i = 1, 99 do t[#t + 1] = { i } end end)() end",
    }
    place:write("run.lua", ([[
local weir = require "weir"
weir.options{ max_memory = "16MiB" }
local function up(n) if n == 0 then return "e" end return up(n - 1) .. n end
weir.from(weir.generate{ count = %d, fn = function(n) return { n = n } end })
  :map(function(r)
    local t = {}
    %s end
  end)
  :to(weir.discard{})
]]):format(3 * #hoards, (function()
      local cases = {}
      for i, hoard in ipairs(hoards) do
        cases[i] = ("if r.n %% %d == %d then %s"):format(#hoards, i - 1, hoard)
      end
      return table.concat(cases, "\n    else")
    end)()))
    local result = run("weir run run.lua")
    assert.equal(0, result.code, result.err)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
    local found = letters("run.dead.jsonl")
    assert.equal(3 * #hoards, #found)
    for _, letter in ipairs(found) do
      assert.equal("EMEMORY", letter.code)
    end
  end)

  it("that ask for twice the limit in one go end the run, not the process", function()
    place:write("run.lua", [[
local weir = require "weir"
weir.options{ max_memory = "16MiB" }
weir.from(weir.generate{ count = 9, fn = function(n) return { n = n } end })
  :map(function(r) if r.n == 5 then r.x = ("x"):rep(64e6) end end)
  :to(weir.discard{})
]])
    local result = run("weir run run.lua")
    assert.equal(1, result.code)
    assert.truthy(result.err:find("the script took more than max_memory in one go", 1, true),
      result.err)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
  end)

  it("that fill memory while they describe are errors of the script", function()
    place:write("run.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end")
    local result = run("weir check run.lua")
    assert.equal(3, result.code)
    assert.truthy(result.err:find("run.lua:1: not enough memory", 1, true), result.err)
    place:write("run.lua", [[
local t = {}
for i = 1, 60 do t[i] = ("x"):rep(1e6) .. i end
require "weir".from "in.jsonl" :to "out.jsonl"
]])
    place:write("in.jsonl", "")
    assert.equal(0, run("weir run run.lua --max-memory 100MiB").code)
    assert.equal(3, run("weir run run.lua --max-memory 40MiB").code)
  end)

  it("that keep more and more end the run before collecting takes all its time", function()
    place:write("run.lua", [[
local weir = require "weir"
local kept = {}
weir.from(weir.generate{ count = 1e7, fn = function(n) return { n = n, s = "s" .. n } end })
  :tap(function(r) kept[#kept + 1] = weir.to_table(r) end)
  :to(weir.discard{})
]])
    local result = run("weir run --max-memory 24MiB run.lua")
    assert.equal(1, result.code)
    assert.truthy(result.err:find("what the script keeps fills max_memory %(%d+ of 2%d MiB%);"),
      result.err)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
    assert.falsy(result.err:find("dead", 1, true), result.err)
  end)

  it("that recurse for ever overflow their stack", function()
    local letter = lambda("local function f() return 1 + f() end if r.n == 5 then f() end", 9)
    assert.truthy(letter.reason:find("run.lua:3: stack overflow", 1, true), letter.reason)
  end)

  it("that raise a table, or from a tail call, still say where", function()
    local raised = lambda("if r.n == 5 then error({}) end", 9)
    assert.truthy(raised.reason:find("run.lua:3: the script raised a table", 1, true),
      raised.reason)
    local odd = lambda(
      'if r.n == 5 then error(setmetatable({ code = "x" }, { __index = error })) end', 9)
    assert.equal("ELAMBDA", odd.code)
    local tail = lambda('if r.n == 5 then return ("x"):rep(1e9) end', 9)
    assert.truthy(tail.reason:find("run.lua:3: string.rep", 1, true), tail.reason)
  end)

  it("that return what no record is name their line", function()
    local letter = lambda("if r.n == 5 then return 5 end", 9)
    assert.truthy(letter.reason:find("run.lua:3: map must return nothing or a table, not a number",
      1, true), letter.reason)
    local null = lambda("if r.n == 5 then return weir.null end", 9)
    assert.truthy(null.reason:find("map must return nothing or a table, not null", 1, true),
      null.reason)
  end)
end)

describe("a dead letter", function()
  it("knows record and position behind filters, forks and parsers too", function()
    local lines = {}
    for n = 1, 5000 do
      lines[n] = ('{"n":%d,"s":"x%d"}\n'):format(n, n)
    end
    place:write("in.jsonl", table.concat(lines))
    place:write("fork.lua", [[
local weir = require "weir"
local s = weir.from "in.jsonl" :filter "n % 10 == 0"
s:map(function(r) if r.n == 4000 then error("left") end end):to(weir.discard{ name = "left" })
s:flat_map(function(r) return { { k = r.n }, { k = -r.n } } end)
  :filter(function(r) if r.k == -4000 then error("right") end return true end)
  :to(weir.discard{ name = "right" })
]])
    assert.equal(0, run("weir run -q fork.lua").code)
    local found = letters("fork.dead.jsonl")
    assert.equal(2, #found)
    for _, letter in ipairs(found) do
      assert.truthy(letter.reason:find("(record 4000)", 1, true), letter.reason)
      assert.equal(#table.concat(lines, "", 1, 3999), letter.position)
      assert.equal("in.jsonl", letter.source)
    end
  end)

  it("of a sink knows them as well", function()
    place:write("in.jsonl", '{"a":1}\n{"a":2}\n{"a":1,"b":[]}\n')
    place:write("to_csv.lua", [[
local weir = require "weir"
weir.from "in.jsonl" :filter "a == 1" :to "out.csv"
]])
    assert.equal(0, run("weir run -q to_csv.lua").code)
    local letter = letters("to_csv.dead.jsonl")[1]
    assert.equal("file:out.csv", letter.stage)
    assert.equal("in.jsonl", letter.source)
    assert.equal(16, letter.position)
    assert.truthy(letter.reason:find("(record 3)", 1, true), letter.reason)
  end)
end)

describe("bad files", function()
  before_each(function()
    place:write("one.jsonl", '{"a":1}\n')
  end)

  local function fails(line, ...)
    local result = run(line)
    assert.equal(1, result.code, result.err)
    assert.equal("", result.out)
    for _, words in ipairs({ ... }) do
      assert.truthy(result.err:find(words, 1, true), result.err)
    end
    return result
  end

  it("that are missing, or directories without files, are named before the run begins", function()
    fails("weir -e ':to \"out.jsonl\"' one.jsonl none.jsonl", "none.jsonl: No such file",
      "check the name")
    assert.is_false(place:has("out.jsonl"))
    fails("mkdir d; weir -e ':take(1)' d", "d: the directory holds no files")
    fails("ln -s gone link; weir -e ':take(1)' link", "link: is a link to something that cannot")
  end)

  it("that may not be read are named, with what to do", function()
    fails([[chmod 755 .; echo '{"a":1}' > secret.jsonl; chmod 0 secret.jsonl
      if [ "$(id -u)" = 0 ]; then
        cp "$WEIR" copy
        setpriv --reuid 65534 --clear-groups ./copy -e ':take(1)' secret.jsonl
      else weir -e ':take(1)' secret.jsonl; fi]], "secret.jsonl: cannot be", "Permission denied")
  end)

  it("that end in the middle of their packing give what is whole, and fail", function()
    local result = run([[
      i=0; while [ $i -lt 2000 ]; do echo "{\"n\":$i}"; i=$((i+1)); done | gzip > all.gz
      head -c 3000 all.gz > cut.gz
      weir -q -e ':take(3)' cut.gz; echo "code $?"
      weir -q -e ':to(weir.discard{})' cut.gz]])
    assert.truthy(result.out:find('^{"n":0}\n{"n":1}\n{"n":2}\ncode 0'), result.out)
    assert.equal(1, result.code)
    assert.truthy(result.err:find("cut.gz: the gzip data ends in the middle", 1, true), result.err)
  end)

  it("that vanish between their listing and their opening are named", function()
    place:write("two.jsonl", '{"a":2}\n')
    local result = run([[
      mkfifo pipe; "$WEIR" -q -e ':take(9)' pipe two.jsonl & weir=$!
      exec 3>pipe; rm two.jsonl; echo '{"a":0}' >&3; exec 3>&-; wait $weir]])
    assert.equal(1, result.code)
    assert.equal('{"a":0}\n', result.out)
    assert.truthy(result.err:find("two.jsonl: cannot be opened: No such file or directory; it was"
      .. " there when the run began", 1, true), result.err)
  end)

  it("that are empty, or end without a newline, are no matter", function()
    local empty = run(": > e.jsonl; weir -q -e ':take(1)' e.jsonl")
    assert.same({ 0, "", "" }, { empty.code, empty.out, empty.err })
    local open = run("printf '{\"a\":1}' > o.jsonl; weir -q -e ':take(1)' o.jsonl")
    assert.same({ 0, '{"a":1}\n', "" }, { open.code, open.out, open.err })
  end)
end)

describe("bad places to write", function()
  before_each(function()
    place:write("one.jsonl", '{"a":1}\n')
  end)

  it("that are full fail the run, and say what to do", function()
    for _, line in ipairs({ "weir -e ':to \"/dev/full\"' one.jsonl",
      "weir -e ':take(1)' one.jsonl > /dev/full" }) do
      local result = run(line)
      assert.equal(1, result.code)
      assert.truthy(result.err:find("No space left on device; make room or write elsewhere", 1,
        true), result.err)
    end
  end)

  it("that hit a limit of size leave what was there", function()
    place:write("out.jsonl", "old\n")
    local result = run([[
      "$WEIR" -q -e ':to "big.jsonl"' one.jsonl
      printf 'local weir = require "weir"
        local numbers = weir.generate{ count = 1e6, fn = function(n) return { n = n } end }
        weir.from(numbers):to "out.jsonl"
      ' > big.lua
      ulimit -f 100; "$WEIR" run -q big.lua]])
    assert.equal(1, result.code)
    assert.truthy(result.err:find("out.jsonl: cannot be written: File too large", 1, true),
      result.err)
    assert.equal("old\n", place:read("out.jsonl"))
    assert.equal("", run("ls -A | grep tmp").out)
  end)

  it("that cannot be opened stop the run before it begins", function()
    for line, words in pairs({
      ["weir -e ':to \"none/x.jsonl\"' one.jsonl"] = "none/x.jsonl: cannot be opened for writing",
      ["weir -e ':to(weir.sqlite{ path = \"none/x.db\", table = \"t\" })' one.jsonl"] =
        "none/x.db: cannot be opened",
    }) do
      local result = run(line)
      assert.equal(1, result.code)
      assert.truthy(result.err:find(words, 1, true), result.err)
      assert.is_nil(result.err:find("\n."), result.err)
    end
  end)

  it("that are no path are errors of the script", function()
    local result = run("weir -e ':to \"{a/b.jsonl\"' one.jsonl")
    assert.equal(3, result.code)
    assert.truthy(result.err:find('-e:1: path "{a/b.jsonl": "{" at byte 1 is not closed', 1, true),
      result.err)
  end)

  it("that lose their reader end the run quietly", function()
    local result = run([[
      i=0; while [ $i -lt 20000 ]; do echo "{\"n\":$i}"; i=$((i+1)); done > many.jsonl
      { "$WEIR" -e ':take(1e9)' many.jsonl; echo "code $?" >&2; } | head -1]])
    assert.equal('{"n":0}\n', result.out)
    assert.equal("code 141\n", result.err)
  end)
end)
