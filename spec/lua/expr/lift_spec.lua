local jutil = require("jit.util")
local lift = require("weir.expr.lift")
local program = require("weir.native.program")
local purity = require("weir.expr.purity")
local script = require("spec.support.script")
local text = require("weir.expr.text")
local twins = require("weir.expr.twins")

local function refusal(source, role, before)
  return lift.refusal(script.lambda(source, before), role or "value")
end

local function ops(lifted)
  local names = {}
  for i, instruction in ipairs(lifted.program) do
    names[i] = instruction.op
  end
  return table.concat(names, " ")
end

local function filter(source, before)
  return { kind = "filter", expr = script.lambda(source, before) }
end

describe("a lambda is lifted", function()
  it("to few instructions where it is a comparison", function()
    local lifted = lift.chain({ filter("function(r) return r.status >= 500 end") })
    assert.equal(1, lifted.count)
    assert.equal("stage get if_le filter label end", ops(lifted))
    assert.same({ op = "get", to = 0, field = "status" }, lifted.program[2])
  end)

  it("without reading a field twice, in whatever stage", function()
    local lifted = lift.chain({
      filter("function(r) return r.status >= 500 and r.status < 600 end"),
      filter("function(r) return r.status ~= 501 end"),
    })
    assert.equal(2, lifted.count)
    local _, gets = ops(lifted):gsub("get", "")
    assert.equal(1, gets)
  end)

  it("with what its constants decide left out", function()
    local lifted = lift.chain({ filter("function(r) return debugging or r.a == limit end",
      "local debugging, limit = false, 3") })
    assert.equal("stage get if_eq filter label end", ops(lifted))
  end)

  it("as far as the chain can be", function()
    local lifted = lift.chain({
      filter("function(r) return r.a end"),
      { kind = "take", count = 3 },
      filter("function(r) return r.b end"),
    })
    assert.equal(1, lifted.count)
    assert.equal("counts records", lifted.reason)
  end)

  it("without a trace of the stage that cannot be", function()
    local one = filter("function(r) return r.a > 1 end")
    local alone = lift.chain({ one })
    local both = lift.chain({ one, filter("function(r) return r.b.c and print(r) end") })
    assert.equal(1, both.count)
    assert.same(alone.program, both.program)
    assert.equal("uses the record as a value at line 2", lift.chain({ one,
      { kind = "map", expr = script.lambda("function(r) r.x = r end") } }).reason)
  end)

  it("up to where a record may have two shapes", function()
    local lifted = lift.chain({
      { kind = "map", expr = script.lambda("function(r) if r.a then return { b = 1 } end end") },
      { kind = "select", columns = { { name = "b", expr = { kind = "field", name = "b" } } } },
    })
    assert.equal(1, lifted.count)
    assert.equal("meets records of two shapes, changed ones and new ones", lifted.reason)
  end)

  it("with what is read only on the way to the next stage", function()
    local lifted = lift.chain({
      filter("function(r) return r.a and r.http.code > 3 end"),
      { kind = "map", expr = script.lambda("function(r) r.x = r.http.code end") },
    })
    assert.equal(2, lifted.count)
    assert(program.build(lifted.program))
  end)

  it("with sixty-four values at once, not more", function()
    local parts = {}
    for i = 1, 70 do
      parts[i] = ("r.f%d"):format(i)
    end
    local list = table.concat(parts, ", ")
    local names = list:gsub("r%.", "")
    local many = { kind = "map", expr = script.lambda(("function(r) local %s = %s r.x = %s end")
      :format(names, list, names:gsub(", ", " + "))) }
    local lifted = lift.chain({ filter("function(r) return r.a end"), many })
    assert.equal(1, lifted.count)
    assert.equal("needs too many values at once", lifted.reason)
  end)
end)

describe("a lambda that is not lifted says why:", function()
  for source, reason in pairs({
    ["function(r)\nfor i = 1, r.n do end\nend"] = "loops as often as a record says at line 3",
    ["function(r)\nfor i = 1, 17 do end\nend"] = "loops more than 16 times at line 3",
    ["function(r)\n\nwhile r.a do end end"] = "loops at line 4",
    ["function(r)\nrepeat until r.a end"] = "loops at line 3",
    ["function(r) ::again:: if r.a then goto again end end"] = "loops at line 2",
    ["function(r) for k in pairs(r) do end end"] = "calls pairs at line 2",
    ["function(r)\nprint(r.a)\nend"] = "calls print at line 3",
    ["function(r) return r.a ^ 2 end"] = "uses ^, whose last bit is not the same everywhere at "
      .. "line 2",
    ["function(r) return math.exp(r.a) end"] = "calls math.exp at line 2",
    ["function(r) return string.format('%q', r.a) end"] = "calls string.format with what it cannot "
      .. "follow at line 2",
    ["function(r) return string.format('%d') end"] = "leaves out a value of string.format at "
      .. "line 2",
    ["function(r) return r.a:rep(3) end"] = "calls string.rep at line 2",
    ["function(r) return r.a:gsub('a', r.b) end"] = "calls string.gsub with a replacement that is "
      .. "no constant text at line 2",
    ["function(r) return limits[r.a] end"] = "looks into a table, which line 1 may change, at "
      .. "line 2",
    ["function(r) return weir.now() end"] = "calls weir.now at line 2",
    ["function(r) return weir.random() end"] = "calls weir.random at line 2",
    ["function(r) return os.time() end"] = "calls os.time at line 2",
    ["function(r) return math.random() end"] = "calls math.random at line 2",
    ["function(r) return function() end end"] = "makes a function at line 2",
    ["function(r) return r[1] end"] = "reads an element of a table of fields at line 2",
    ["function(r) return r[r.a] end"] = "reads a field whose name it computes at line 2",
    ["function(r) return #r end"] = "counts the fields of a record at line 2",
    ["function(...) return ... end"] = "uses ... at line 2",
    ["function(r) r.x = 1 end"] = "changes the record, which only :map may at line 2",
    ["function(r) seen = r.a end"] = "changes the variable `seen` at line 2",
    ["function(r) return seen end"] = "reads the variable `seen`, which line 1 changes, at line 2",
    ["function(r) return r.a > limits.slow end"] = "reads limits.slow, which line 1 may change, "
      .. "at line 2",
    ["function(r) return r.s:match(r.p) end"] = "calls string.match with a pattern that is no "
      .. "constant at line 2",
    ["function(r) return r.s:match('(') end"] = "calls string.match with a unfinished capture at "
      .. "line 2",
    ["function(r) return r.a() end"] = "calls a value of the record at line 2",
    ["function(r) return forever(r.a) end"] = "calls functions more than 8 deep at line 1",
    ["function(r) return nowhere end"] = "reads nowhere, which is not there, at line 2",
    ["function(r) return weir.nowhere end"] = "reads weir.nowhere, which is not there, at line 2",
    ["function(r) return tonumber(r.a, 16) end"] = "calls tonumber with a base at line 2",
  }) do
    it(source, function()
      local before = 'local weir, seen, limits = require "weir", 0, { slow = 1 } local function '
        .. "f(x) seen = x limits.slow = x limits[x] = x end "
        .. "local function forever(x) return 1 + forever(x) end"
      assert.equal(reason, refusal(source, "value", before))
    end)
  end

  for source, reason in pairs({
    ["function(r) return 1 end"] = "returns what may be no table made here at line 2",
    ["function(r) return r.a end"] = "returns what may be no table made here at line 2",
    ["function(r) return { 1 } end"] = "returns a list at line 2",
    ["function(r) return { r.a } end"] = "returns a list at line 2",
    ["function(r) r.x = { r.a, a = 1 } end"] = "makes a list with holes, or with fields at line 2",
    ["function(r) local t = {} t.t = t return t end"] = "makes tables nested too deep at line 2",
    ["function(r) r.x = LEVELS[r.a] end"] = "reads LEVELS, which is not there, at line 2",
    ["function(r) r.a.b = 1 end"] = "changes a value inside the record, or a table at line 2",
    ["function(r) r[r.a] = 1 end"] = "sets a field whose name it computes at line 2",
  }) do
    it("map " .. source, function()
      assert.equal(reason, refusal(source, "map"))
    end)
  end

  it("not a look-up in a table that may get a key: the row bails for that one", function()
    local expr = script.lambda("function(r) return kinds[r.k] == 1 end",
      "local kinds = { a = 1, b = 2 } local function grow() kinds.c = 1 kinds.b = 3 end")
    local lifted = lift.chain({ { kind = "filter", expr = expr } })
    assert.is_nil(lifted.reason)
    local compared, bails = {}, 0
    for _, one in ipairs(lifted.program) do
      if one.op == "if_eq" and type(one.b) == "table" then
        compared[#compared + 1] = one.b.k
      end
      bails = bails + (one.op == "bail" and 1 or 0)
    end
    table.sort(compared, function(a, b)
      return tostring(a) < tostring(b)
    end)
    assert.equal(2, bails)
    assert.equal("a b c", table.concat(compared, " "):match("a b c"))
  end)

  it("a text", function()
    assert.equal("calls format", lift.refusal(text.compile("format('%d', a) == '1'"), "condition"))
    assert.equal("reads @path", lift.refusal(text.compile("@path == 'a'"), "condition"))
    assert.equal("reads an element by number", lift.refusal(text.compile("tags[1] == 2"), "value"))
    assert.equal("has an integer that is more than a number holds",
      lift.refusal(text.compile("id == 9007199254740993"), "condition"))
  end)
end)

describe("what a lambda reads outside", function()
  local function lifts(source, before)
    return lift.refusal(script.lambda(source, before), "value")
  end

  it("is a constant if nothing assigns it", function()
    assert.is_nil(lifts("function(r) return r.a > x end", "local x = 1 x = x + 1"))
    assert.is_nil(lifts("function(r) return r.a > t.u.x end", "local t = { u = { x = 3 } }"))
    assert.is_nil(lifts("function(r) return f(r.a) end", "local f function f(x) return x end"))
  end)

  it("is none while a coroutine may change it", function()
    local env = script.environment()
    local source = "local co = coroutine.wrap(function() local x = 1 coroutine.yield(function(r) "
      .. "return r.a > x end) x = 2 end) return co(), co"
    local fn, co = script.load(source, env)()
    local expr = { kind = "lambda", fn = fn, where = "a.lua:1" }
    assert.equal("reads the variable `x`, which a coroutine may still change, at line 1",
      lift.refusal(expr, "value"))
    co()
    assert.is_nil(lift.refusal(expr, "value"))
  end)

  it("is none if something else may reach its table", function()
    local reading = "function(r) return r.a > t.x end"
    for before, reason in pairs({
      ["local t = { x = 1 } local function f(k) t[k] = 2 end"] = "line 1",
      ["local t = { x = 1 } local function f(o) o.x = 2 end f(t)"] = "line 1",
      ["local t = { x = 1 } local put = rawset"] = "rawset at line 1",
      ["local t = setmetatable({ x = 1 }, {})"] = "setmetatable at line 1",
      ["local t, other = { x = 1 }, require"] = "require at line 1",
    }) do
      assert.equal(("reads t.x, which %s may change, at line 2"):format(reason),
        lifts(reading, before))
    end
    assert.is_nil(lifts(reading, "local t = { x = 1 } t.x = 2 local function f(o) o.y = 2 "
      .. "end"))
    assert.is_nil(lifts(reading, "local t = { x = 1 } local function f() local o = {} o.x = 2 "
      .. "end"))
  end)
end)

describe("what is known of all functions of a script", function()
  it("lets a lambda read a table that none of them changes", function()
    local source = "local t = { slow = 3 } return function(r) r.slow = r.ms > t.slow end, "
      .. "function(r) t[r.k] = 1 end, function(r) t = r.x end"
    local reads, writes = script.load(source)()
    local expr = { kind = "lambda", fn = reads, where = "a.lua:1" }
    local graph = { nodes = { { expr = expr }, { fn = print, self = {} } } }
    assert.same({ reads }, purity.functions(graph))
    assert.is_true(purity.quiet({ reads }))
    assert.is_false(purity.quiet({ reads, writes }))
    source = source:gsub(", function%(r%) t = r.x end", "")
    expr.fn = script.load(source)()
    assert.equal("reads t.slow, which line 1 may change, at line 1", lift.refusal(expr, "map"))
    assert.is_nil(lift.refusal(expr, "map", { quiet = true }))
  end)
end)

describe("the function as its user wrote it", function()
  local function line_and_text(fn)
    local info = jutil.funcinfo((twins.of(fn)))
    local names = {}
    for i = -1, -10, -1 do
      local constant = jutil.funck((twins.of(fn)), i)
      names[#names + 1] = type(constant) == "string" and constant or nil
    end
    return info.linedefined .. ":" .. table.concat(names, ",")
  end

  it("is found for several on one line, nested ones and methods", function()
    local list = script.load([[
local made = {}
local t = {} function t:method(r) return r.a end function t.plain(r) return r.b end
local function maker() return function(r) return r.c end, function(r) return r.d end end
local c, d = maker() local e = maker()
made = { function(r) return r.f end, t.method, function(r) return function(q) return q.h end end,
  t.plain, c, d, e }
made[8] = made[3]()
return made]])()
    local found = {}
    for i, fn in ipairs(list) do
      found[i] = line_and_text(fn)
    end
    assert.same({ "5:f", "2:a", "5:", "2:b", "3:c", "3:d", "3:c", "5:h" }, found)
  end)

  it("is found for what require gives, and follows into it", function()
    local env = script.environment({
      ["tool.lua"] = "local M = {}\nfunction M.half(x)\n  return x / 2\nend\nreturn M",
    })
    local expr = script.lambda("function(r) return tool.half(r.a) end",
      'local tool = require "tool"', env)
    assert.is_nil(lift.refusal(expr, "value"))
  end)

  it("is not found for what the loader has not loaded", function()
    assert.equal("is no function of a script",
      lift.refusal({ kind = "lambda", fn = function() end }, "value"))
  end)
end)
