--- What a user types, and the words that come back.

local program = require("spec.support.program")

local place = program.each_place()

before_each(function()
  place:write("one.jsonl", '{"a":1}\n')
end)

describe("a wrong word", function()
  for line, expected in pairs({
    ["weir rum"] = { 2, "unknown command 'rum'; did you mean \"run\"?" },
    ["weir run --workrs 3 x.lua"] = { 2, 'unknown flag --workrs; did you mean "--workers"?' },
    ["weir run --max-memory lots x.lua"] = { 2, "--max-memory must be" },
    ["weir run"] = { 2, "which pipeline? Name a .lua file" },
    ["weir run none.lua"] = { 3, "cannot open the script: none.lua: No such file" },
    ["mkdir d; weir run d"] = { 3, "d: is a directory, not a script" },
    ["weir run --set a x.lua"] = { 2, '--set needs NAME=VALUE, not "a"' },
    ["weir help fliter"] = { 2, 'no help on \'fliter\'; did you mean "filter"?' },
    ["weir -e ':fliter \"a\"' one.jsonl"] = { 3, 'no method "fliter"; did you mean "filter"?' },
    ["weir -e ':filter \"a ==\"' one.jsonl"] = { 3, "^" },
    ["weir -e ':to(weir.file{ path = \"x\", cdec = \"csv\" })' one.jsonl"] =
      { 3, 'unknown option "cdec"; did you mean "codec"?' },
    ["weir -e ':parse \"nginx.acess\"' one.jsonl"] = { 3, 'did you mean "nginx.access"?' },
    ["printf 'local weir = require\"weir\"\\n\\nweir.from(weir.file{ path = \"none\","
      .. " codec = \"ngnix.access\" }):to(weir.discard{})' > p.lua; weir run p.lua"] =
      { 3, 'p.lua:3: no stock pattern is called "ngnix.access"; did you mean "nginx.access"?' },
    ["weir -e ':parse \"%{NOPE:x}\"' one.jsonl"] = { 3, "-e:1: " },
    ["printf 'local weir = require\"weir\"\\nweir.from(\"x\"\\n' > s.lua; weir run s.lua"] =
      { 3, "s.lua:3: ')' expected" },
  }) do
    it("is answered with the nearest, or the place: " .. line:sub(1, 60):gsub("\n", " "), function()
      local result = place:run(line)
      assert.equal(expected[1], result.code, result.err)
      assert.equal("", result.out)
      assert.truthy(result.err:find(expected[2], 1, true), result.err)
      assert.is_nil(result.err:find("stack traceback", 1, true))
    end)
  end
end)

describe("a script", function()
  it("takes its arguments, prints to standard error, and may come from standard input", function()
    place:write("args.lua", [[
local weir = require "weir"
print("loading", ...)
weir.from "one.jsonl":map(function(r) print("a is", r.a) weir.log("info", "hello") end)
  :to(weir.stdout{})
]])
    for _, line in ipairs({
      "weir run -q args.lua -- x --y",
      "weir run -q - -- x --y < args.lua",
    }) do
      local result = place:run(line)
      assert.equal('{"a":1}\n', result.out)
      assert.equal("loading\tx\t--y\na is\t1\ninfo: hello\n", result.err)
    end
  end)

  it("finds its modules beside it, wherever it is run from", function()
    place:write("main.lua", ([[
local weir = require "weir"
weir.from "%s/one.jsonl":pipe(require "lib.mark"):to(weir.stdout{})
]]):format(place.path))
    local result = place:run([[
      mkdir lib; echo 'return function(s) return s:set{ z = "a + 1" } end' > lib/mark.lua
      weir run -q main.lua; cd /; weir run -q "$OLDPWD/main.lua"; cd "$OLDPWD"
      rm lib/mark.lua; weir run -q main.lua]])
    assert.equal('{"a":1,"z":2}\n{"a":1,"z":2}\n', result.out)
    assert.equal(3, result.code)
    assert.truthy(result.err:find('main.lua:2: require "lib.mark": found neither', 1, true))
  end)

  it("takes parameters from --set, then files, then the environment, then defaults", function()
    place:write("par.lua", [[
local weir = require "weir"
local p = weir.params{ a = "default", n = weir.param{ type = "integer", default = 3 } }
weir.from "one.jsonl":set{ p = weir.value(p.a), n = weir.value(p.n) }:to(weir.stdout{})
]])
    place:write("par.json", '{"a":"file","n":4}')
    local result = place:run([[
      weir run -q par.lua; export WEIR_PARAM_A=env; weir run -q par.lua
      weir run -q par.lua --params par.json; weir run -q par.lua --params par.json --set a=set]])
    assert.equal('{"a":1,"n":3,"p":"default"}\n{"a":1,"n":3,"p":"env"}\n'
      .. '{"a":1,"n":4,"p":"file"}\n{"a":1,"n":4,"p":"set"}\n', result.out)
    local unknown = place:run("weir run par.lua --set aa=1")
    assert.truthy(unknown.err:find('no parameter is called "aa"; did you mean "a"?', 1, true))
    local wrong = place:run("weir run par.lua --set n=1.5")
    assert.truthy(wrong.err:find('parameter "n", from --set, must be a whole number', 1, true))
  end)

  it("that needs a secret stops before it begins where there is none", function()
    place:write("sec.lua", [[
local weir = require "weir"
weir.from "one.jsonl":to(weir.sqlite{ path = weir.secret "DATABASE_PATH", table = "t" })
]])
    local result = place:run("weir run sec.lua")
    assert.equal(1, result.code)
    assert.truthy(result.err:find('^weir: no secret "DATABASE_PATH": put it into a file'),
      result.err)
    local found = place:run([[
      mkdir s; echo rows.db > s/DATABASE_PATH; weir run -q --secrets s sec.lua]])
    assert.equal(0, found.code, found.err)
    assert.is_true(place:has("rows.db"))
  end)

  it("may write two files, but not the same one twice", function()
    place:write("two.lua", [[
local weir = require "weir"
local s = weir.from "one.jsonl"
s:to "a.out.jsonl":to "b.out.jsonl"
]])
    assert.equal(0, place:run("weir run -q two.lua").code)
    assert.equal(place:read("a.out.jsonl"), place:read("b.out.jsonl"))
    local twice = place:run("echo 's:to \"a.out.jsonl\"' >> two.lua; weir check two.lua")
    assert.equal(3, twice.code)
    assert.truthy(twice.err:find('two.lua:4: to: "a.out.jsonl" is written at two.lua:3 already', 1,
      true), twice.err)
  end)

  for path, wrong in pairs({
    ["a%Qb.jsonl"] = '"%Q" at byte 2 is no part of a time',
    ["a{b.jsonl"] = '"{" at byte 2 is not closed',
    ["100%.jsonl"] = '"%." at byte 4 is no part of a time',
    ["a}.jsonl"] = '"}" at byte 2 closes nothing',
  }) do
    it("names its files by blanks that make sense: " .. path, function()
      place:write("t.lua", ('local weir = require "weir"\nweir.from "one.jsonl":to "%s"')
        :format(path))
      for command, where in pairs({ ["weir check t.lua"] = "out", ["weir run t.lua"] = "err" }) do
        local result = place:run(command)
        assert.equal(3, result.code)
        assert.matches("t.lua:2: ", result[where], 1, true)
        assert.matches(wrong, result[where], 1, true)
      end
    end)
  end

  it("is explained, with Lua that loads", function()
    place:write("s.lua", [[
local weir = require "weir"
weir.from "one.jsonl":filter "a > 0":map(function(r) r.b = 1 end):to "out.jsonl"
]])
    local result = place:run("weir explain --emit s.lua")
    assert.equal(0, result.code)
    local emitted = assert(result.out:match("\n(%-%- s/1.*)$"), result.out)
    assert.truthy(loadstring(emitted))
    assert.is_false(place:has("out.jsonl"))
  end)

  it("that holds too much says so, and what to do", function()
    local result = place:run([[
      printf 'local weir = require "weir"
        local big = weir.generate{ count = 3e6, fn = function(n) return { n = n } end }
        weir.from(big):sort{ by = "n" }:to(weir.discard{})' > big.lua
      weir run -q --max-memory 64MiB big.lua]])
    assert.equal(1, result.code)
    assert.truthy(result.err:find("max_memory is reached", 1, true), result.err)
  end)
end)

describe("a terminal", function()
  it("gets progress and colours, unless NO_COLOR; a pipe gets neither", function()
    if not program.has_terminals() then
      return pending("this machine gives no terminals: script(1) finds none")
    end
    place:write("slow.lua", [[
local weir = require "weir"
weir.from "in" :to(weir.discard{})
]])
    -- The input ends only when something was drawn, so no run is too fast.
    local result = place:run([[
      mkfifo in seen
      { echo '{"n":1}'; cat seen; } > in &
      script -qfec "$WEIR run slow.lua" /dev/null < /dev/null |
        { head -c 5; echo > seen; cat; } > tty
      wait
      NO_COLOR=1 script -qec "$WEIR run none.lua" /dev/null > plain
      script -qec "$WEIR run none.lua" /dev/null > coloured
      echo '{"n":1}' > in & weir run slow.lua 2> piped]])
    assert.truthy(place:read("tty"):find("\r\27%[K[%d,]+ record"), place:read("tty"))
    assert.is_nil(place:read("plain"):find("\27", 1, true))
    assert.truthy(place:read("coloured"):find("\27[31m", 1, true))
    assert.is_nil(place:read("piped"):find("[\r\27]"))
    assert.equal(0, result.code)
  end)

  it("lets no script change what it was given", function()
    place:write("change.lua", 'local weir = require "weir"\nweir.from = print\n')
    place:write("raw.lua", 'local weir = require "weir"\nrawset(weir, "from", print)\n')
    assert.matches("change.lua:2: cannot set weir.from: it belongs to weir",
      place:run("weir check change.lua").err, 1, true)
    assert.matches("raw.lua:2: rawset needs a table of the script's own",
      place:run("weir check raw.lua").err, 1, true)
  end)

  it("finds the name that was meant, and walks all of them", function()
    place:write("near.lua", 'local weir = require "weir"\nweir.form("a")\n')
    place:write("walk.lua", [[
local weir = require "weir"
for name, value in pairs(weir) do if name == "from" then print(name, value == weir.from) end end
weir.from(weir.stdin{}):to(weir.discard{})
]])
    assert.matches("near.lua:2: weir.form: there is no such name; did you mean \"from\"?",
      place:run("weir check near.lua").err, 1, true)
    assert.matches("from\ttrue\n", place:run("weir check walk.lua").err, 1, true)
  end)

  it("completes by a script that bash can read", function()
    assert.equal(0, place:run("weir completion bash > c && bash -n c").code)
  end)

  it("say what is meant, at the place of the mistake", function()
    place:write("in.jsonl", '{"a":1,"n":null,"u":"\195\169"}\n')
    for chain, expected in pairs({
      [ [[:map(function(r) r.x = r.n + 1 end)]] ] = "field 'n' (a null value)",
      [ [[:filter "path =~ /x/"]] ] = "write ~ with a quoted Lua pattern",
      [ [[:filter "status <> 5"]] ] = "; write !=",
      [ [[:to(weir.file{ path = "o", codec = weir.csv{ types = { id = "int" } } })]] ] =
        'the type of column "id" must be "string", "integer", "number" or "boolean", not "int";',
      [ [[:select{ a }]] ] = "not an empty table (a name without quotes is a variable of Lua)",
      [ [[:aggregate{}]] ] = "not an empty table",
      [ [[:rename{ status = 5 }]] ] = "rename: { status = 5 } names no field",
      [ [[:filter(status >= 500)]] ] = "stands in quotes, as in :filter",
      [ [[:filter("a"]] ] = "-e:1: ')' expected near '<eof>'",
      [ [[:side "dead"]] ] = "-e:1: nothing takes the output",
      [ [[:set{ s = "sub(u, 1, 1)" }]] ] = 'column "s": not valid UTF-8',
      [ [[:map(function(r) error("no") end, { on_error = function() error("nor I") end })]] ] =
        "-e:1: no; and on_error failed: -e:1: nor I",
      [ [[:map(function(r) error("no") end, { on_error = "stop" })]] ] = "in in.jsonl, record 1",
      [ [[:to "x.parquet"]] ] = 'weir has no codec for ".parquet"',
      [ [[:drop "x"]] ] = "here that is :drop_fields(name) or :filter",
    }) do
      local result = place:run(("weir -e '%s' in.jsonl"):format(chain:gsub("'", "'\\''")))
      assert.truthy(result.err:gsub("%s+", " "):find(expected, 1, true), result.err)
    end
  end)

  it("refuse a second chain, and pass over a semicolon behind it", function()
    place:write("in.jsonl", '{"a":1}\n')
    assert.equal(2, place:run("weir -e ':take(1)' -e ':take(2)' in.jsonl").code)
    local result = place:run("weir -e ':set{ b = weir.null };' in.jsonl")
    assert.equal('{"a":1,"b":null}\n', result.out)
  end)

  it("tell of what a one-liner lost, even when quiet", function()
    place:write("in.jsonl", '{"a":1}\n{"a":2}\n')
    local result = place:run([[weir -q -e ':map(function() error("no") end)' in.jsonl]])
    assert.equal("weir: 2 records failed; the commonest reason: -e:1: no\n", result.err)
    result = place:run(
      [[weir -e ':map(function() error("no") end, { on_error = "skip" })' in.jsonl]])
    assert.truthy(result.err:find("dropped", 1, true), result.err)
  end)

  it("read what a one-liner is told to read, and hint at that where nothing is JSON", function()
    place:write("in.txt", "a,b\n1,2\n")
    local result = place:run("weir -e ':take(1)' in.txt")
    assert.truthy(result.err:find("nothing here is a JSON object; for other formats say --codec",
      1, true), result.err)
    result = place:run([[
      weir --codec csv -e ':take(1)' in.txt
      weir --codec lines -e ':skip(1)' < in.txt]])
    assert.equal('{"a":"1","b":"2"}\n{"message":"1,2"}\n', result.out)
    result = place:run("weir --codec cvs -e ':take(1)' in.txt")
    assert.equal('weir: unknown codec "cvs"; did you mean "csv"?\n', result.err)
  end)

  it("take a row in a field by the names of its columns, and no header", function()
    place:write("in.jsonl", '{"m":"1,2"}\n')
    local chain = [[weir -e ':parse(%s, { field = "m" })' in.jsonl]]
    assert.truthy(place:run(chain:format('"csv"')).err:find("name its columns", 1, true))
    assert.equal('{"a":"1","b":"2"}\n',
      place:run(chain:format('weir.csv{ columns = { "a", "b" } }')).out)
  end)

  it("lead into nested fields in the paths of files, or to names with dots", function()
    place:write("in.jsonl", '{"u":{"n":"x"},"u.n":"y"}\n{"u":{}}\n{"u":[1]}\n')
    local result = place:run("weir -e ':to \"{u.n}\"' in.jsonl")
    assert.truthy(result.err:find('field "u.n", which is missing', 1, true), result.err)
    assert.truthy(place:has("x"))
    place:run([[weir -e ":to \"{['u.n']}\"" in.jsonl]])
    assert.truthy(place:has("y"))
    for _, name in ipairs({ "u..n", ".u", "u.", "" }) do
      result = place:run(("weir -e ':to \"{%s}\"' in.jsonl"):format(name))
      assert.truthy(result.err:find("names no field", 1, true), result.err)
    end
  end)
end)
