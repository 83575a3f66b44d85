local lexer = require("weir.expr.lexer")
local loader = require("weir.expr.loader")

local env = { pcall = pcall, error = error, math = math, coroutine = coroutine, table = table }

local function run(source, fuel, ...)
  local fn, message = loader.load(source, "@a.lua", env)
  assert(fn, message)
  loader.refill(fuel or 1e6)
  return pcall(fn, ...)
end

local function refused(source)
  local fn, message = loader.load(source, "@a.lua", env)
  assert.is_nil(fn)
  return message
end

describe("loaded source", function()
  after_each(function()
    loader.refill(math.huge)
  end)

  it("gets its arguments and gives its results", function()
    assert.same({ true, 1, 2 }, { run("return ...", nil, 1, 2) })
    assert.same({ true, 3 }, { run("#!/usr/bin/env weir\nlocal a = 3 return a -- end") })
  end)

  it("keeps its lines", function()
    local _, message = run("#!x\n\nlocal function f()\n  do\n    error('here')\n  end\nend\nf()")
    assert.equal("a.lua:5: here", message)
  end)

  for name, source in pairs({
    ["while"] = "while true do end",
    ["repeat"] = "repeat until false",
    ["for"] = "for i = 1, math.huge do end",
    ["goto"] = "::a:: goto a",
    ["goto in an if"] = "local x = 1 ::a:: x = x + 1 if x > 0 then goto a end",
    ["recursion by tail call"] = "local function f() return f() end f()",
    ["methods that call each other"] = "local t = {} function t:a() return self:b() end "
      .. "function t:b() return self:a() end t:a()",
    ["pcall around a loop"] = "while true do pcall(function() while true do end end) end",
    ["pcall around pcall"] = "local function f() pcall(f) return f() end f()",
    ["a coroutine"] = "local c = coroutine.wrap(function() while true do coroutine.yield() end end)"
      .. " while true do c() end",
    ["after a long string"] = "local a = [==[ ]] do ]==] while true do end",
    ["after quotes"] = "local a, b = 'x\\'', \"\\\\\" while true do end",
    ["after comments"] = "--[[ \n ]] --x\n while --[=[ ]] do ]=] true do end",
  }) do
    it("runs out of fuel: " .. name, function()
      local ok, message = run(source)
      assert.is_false(ok)
      assert.truthy(message:find("^a.lua:%d: ran out of fuel"), message)
      assert.is_true(loader.spent())
    end)
  end

  it("runs again after a refill", function()
    local fn = loader.load("local n = ... for i = 1, n do end return n", "@a.lua", env)
    loader.refill(10)
    assert.is_false(pcall(fn, 100))
    loader.refill(200)
    assert.same({ true, 100 }, { pcall(fn, 100) })
    assert.is_false(loader.spent())
  end)

  it("keeps the numbers and strings of Lua", function()
    assert.same({ true, 16, 1000, 0.5, 3, "do", "a\nb", "]]" },
      { run("return 0x1p4, 1e+3, .5, 3., 'do', 'a\\\nb', [=[]]]=]") })
  end)
end)

describe("source that is refused", function()
  for source, wanted in pairs({
    ["\nx != 3"] = "a.lua:2: '=' expected near '!' (Lua writes not equal as ~=, and not for !)",
    ["if x = 3 then end"] = "a.lua:1: 'then' expected near '=' (Lua compares with ==)",
    ["x += 1"] = "a.lua:1: '=' expected near '+' (Lua writes x = x + 1)",
    ["if x then"] = "a.lua:1: 'end' expected near '<eof>' (an end or a bracket is missing)",
    ["\nlocal x = 1LL"] = "a.lua:2: 1LL: numbers with LL, ULL or i are not part of weir; "
      .. "integers of records are exact without",
    ["local weir__fuel"] = "a.lua:1: names that start with weir__ belong to weir; "
      .. "choose another than weir__fuel",
    ["\27LJ\2"] = "a.lua:1: this is bytecode; weir loads source only",
    ["#\n\27LJ\2"] = "a.lua:1: this is bytecode; weir loads source only",
    ["goto = 3"] = "a.lua:1: goto cannot be a name here",
    ["end return function() while true do end"] = "a.lua:1: '<eof>' expected near 'end'",
  }) do
    it(("says so: %q"):format(source), function()
      assert.equal(wanted, refused(source))
    end)
  end

  for _, number in ipairs({ "1ull", "0x1ULL", "1i", "0x2i", "1.5I", "12Ll" }) do
    it("has the number " .. number, function()
      assert.truthy(refused("return " .. number))
    end)
  end
end)

describe("the lexer", function()
  it("loses no byte and always moves on, whatever the bytes", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local pieces = { "do", "--", "[[", "]]", "[=[", "]=]", "'", '"', "\\", "\n", "0x", "1e", "+",
      ".", "..", "goto", " ", "\255", "\0", "function", "(", ")", "9" }
    for _ = 1, 20000 do
      local parts = {}
      for i = 1, math.random(10) do
        parts[i] = pieces[math.random(#pieces)]
      end
      local source = table.concat(parts)
      local at = 1
      local kind, first, last = lexer.next(source, at)
      while kind do
        local moved = first >= at and last >= first and last <= #source
        assert(moved, ("seed %d: %q"):format(seed, source))
        at = last + 1
        kind, first, last = lexer.next(source, at)
      end
    end
  end)

  it("agrees with Lua on what is a loop: rewritten source still compiles", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local pieces = { "do", "end", "--x\n", "--[[y]]", "[[do]]", "'do'", "local a=", "1", "0x1p-2",
      "3e-1", " ", "function f()", "repeat", "until a", "goto b", "::b::", "while a do", "a.b=",
      "f()", ";", "return", "{", "}", "if a then", "..", "-", "a", "\n" }
    local loaded = 0
    for _ = 1, 30000 do
      local parts = {}
      for i = 1, math.random(8) do
        parts[i] = pieces[math.random(#pieces)]
      end
      local source = table.concat(parts, " ")
      if load(source, "=x") then
        loaded = loaded + 1
        local fn, message = loader.load(source, "@a.lua", env)
        local refusal = message and message:find("goto cannot be", 1, true)
        assert(fn or refusal, ("seed %d: %q: %s"):format(seed, source, tostring(message)))
      end
    end
    assert.is_true(loaded > 100)
  end)
end)
