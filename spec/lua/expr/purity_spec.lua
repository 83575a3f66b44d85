local purity = require("weir.expr.purity")
local script = require("spec.support.script")

local PRELUDE = [[
local weir = require "weir" local count, seen, list = 0, {}, {}
local limits = { slow = 5, names = { a = "b" } }
local tools = { half = function(x) return x / 2 end }
local lower, insert = string.lower, table.insert
local function twice(x) return x + x end
local function bump() count = count + 1 return count end
local function remember(k) seen[k] = true end
local function put(t, k) t[k] = 1 end
local function set_x(t) t.x = 1 end
local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end
local function tables() local t = {} t.a = {} t.a.b = 1 return t end
local meta = setmetatable({}, { __index = function(t, k) return 1 end })
]]
PRELUDE = PRELUDE:gsub("\n", " ") .. "\n"

local function load(source)
  return script.load(PRELUDE .. "return " .. source)()
end

local function of(source)
  local fn = load(source)
  return purity.of(fn, { fn })
end

describe("a lambda is pure", function()
  for _, source in ipairs({
    "function(r) return r.a > 1 end",
    "function(r) r.x = r.y + 1 end",
    "function(r) r.a.b.c = 1 end",
    "function(r) for i = 1, #r.tags do r.n = r.n + r.tags[i] end end",
    "function(r) local n = 0 while n < r.a do n = n + 1 end r.n = n end",
    "function(r) local n = 0 repeat n = n + 1 until n > r.a r.n = n end",
    "function(r) local out = {} for k, v in pairs(r) do out[k] = v end return out end",
    "function(r) local out = {} for _, t in ipairs(r.tags) do out[#out + 1] = t:upper() end "
      .. "r.tags = out end",
    "function(r) local t = {} table.insert(t, r.a) table.sort(t) r.x = table.concat(t) end",
    "function(r) local t = { r.a } insert(t, 1) table.sort(t, function(a, b) return a < b end) "
      .. "return { t = t } end",
    "function(r) return r.s:gsub('%d', function(d) return d + 1 end) end",
    "function(r) for w in r.s:gmatch('%w+') do r[w] = true end end",
    "function(r) return twice(r.a) + fact(5) end",
    "function(r) return tools.half(r.a) end",
    "function(r) return r.a > limits.slow and limits.names[r.b] end",
    "function(r) return limits.names[r.b]:upper() end",
    "function(r) set_x(r) put(r, 'b') end",
    "function(r) local t = {} put(t, r.a) set_x(t) return t end",
    "function(r) local t = { a = {} } t.a.b = {} t.a.b.c = r.x return t end",
    "function(r) return tables() end",
    "function(r) return lower(r.s) .. math.floor(r.a) .. string.format('%d', r.b) end",
    "function(r) local ok, v = pcall(function() return r.a + 1 end) r.x = ok and v or nil end",
    "function(r) if not r.a then error('no a') end return assert(r.b) end",
    "function(r) return weir.to_table(r) end",
    "function(r) local t = weir.to_table(r) t.x = 1 return t end",
    "function(r) r.source = weir.meta(r).path end",
    "function(r) return weir.coalesce(r.a, 'x') == weir.null end",
    "function(r) local a, b = r.a, r.b a, b = b, a r.c = a return r end",
    "function(r) goto done ::done:: return r end",
    "function(...) local r = ... return r.a end",
    "function(r) local f = function(x) return x + 1 end return f(r.a) end",
    "function(r) return select('#', r.a, r.b) end",
  }) do
    it(source, function()
      assert.same({ "pure" }, { of(source) })
    end)
  end
end)

describe("a lambda is not pure that", function()
  for source, reason in pairs({
    ["function(r) count = count + 1 end"] = "reads the variable `count`, which line 2 changes, at "
      .. "line 2",
    ["function(r) count = 1 end"] = "changes the variable `count` at line 2",
    ["function(r)\nreturn count\nend"] = "reads the variable `count`, which line 1 changes, at "
      .. "line 3",
    ["function(r) return bump() end"] = "reads the variable `count`, which line 1 changes, at "
      .. "line 1",
    ["function(r) seen[r.id] = true end"] = "changes the table `seen` at line 2",
    ["function(r) seen.x = true end"] = "changes the table `seen` at line 2",
    ["function(r) seen[1] = true end"] = "changes the table `seen` at line 2",
    ["function(r) limits.names.a = 1 end"] = "changes the table `limits.names` at line 2",
    ["function(r) local t = seen t.x = 1 end"] = "changes the table `seen` at line 2",
    ["function(r) local t = r.a and seen or list t.x = 1 end"] = "changes the table `list` at "
      .. "line 2",
    ["function(r) local t = {} if r.a then t = seen end t.x = 1 end"] = "changes the table `seen` "
      .. "at line 2",
    ["function(r) local t = {} for i = 1, 2 do t.x = 1 t = seen end end"] = "changes a table that "
      .. "it did not make at line 2",
    ["function(r) local t = { seen } t[1].x = 1 end"] = "changes a table that it did not make at "
      .. "line 2",
    ["function(r) local t = {} t.a = limits t.a.x = 1 end"] = "changes a table that it did not "
      .. "make at line 2",
    ["function(r) remember(r.id) end"] = "changes the table `seen` at line 1",
    ["function(r) put(seen, r.id) end"] = "changes the table `seen` at line 1",
    ["function(r) local p = put p(limits.names, r.id) end"] = "changes the table `limits.names` at "
      .. "line 1",
    ["function(r) local f = function() seen.x = 1 end f() end"] = "changes a table that it did not "
      .. "make at line 2",
    ["function(r) local f = function(t) t.x = 1 end f(seen) end"] = "changes a table that it did "
      .. "not make at line 2",
    ["function(r) local n = 0 local f = function() n = n + 1 end f() end"] = "changes the variable "
      .. "`n` at line 2",
    ["function(r) table.insert(list, r.a) end"] = "changes a table that it did not make, by "
      .. "table.insert at line 2",
    ["function(r) insert(list, r.a) end"] = "changes a table that it did not make, by table.insert "
      .. "at line 2",
    ["function(r) table.sort(list) end"] = "changes a table that it did not make, by table.sort at "
      .. "line 2",
    ["function(r) return table.remove(list) end"] = "changes a table that it did not make, by "
      .. "table.remove at line 2",
    ["function(r) pcall(insert, list, r.a) end"] = "changes a table that it did not make, by "
      .. "table.insert at line 2",
    ["function(r) local t = { list } table.insert(t[1], 1) end"] = "changes a table that it did "
      .. "not make, by table.insert at line 2",
    ["function(r) xpcall(error, bump) end"] = "reads the variable `count`, which line 1 changes, "
      .. "at line 1",
    ["function(r) pcall(pcall, bump) end"] = false,
    ["function(r) xpcall(error, print) end"] = "calls print at line 2",
    ["function(r) rawset(seen, 'a', 1) end"] = "calls rawset at line 2",
    ["function(r) local t = setmetatable({}, { __index = seen }) return t.x end"] = "calls "
      .. "setmetatable at line 2",
    ["function(r) return getmetatable(seen) end"] = "calls getmetatable at line 2",
    ["function(r) return meta.x end"] = "reads `meta`, a table with a metatable or too much in it, "
      .. "at line 2",
    ["function(r) return math.random() end"] = "calls math.random at line 2",
    ["function(r) return os.time() end"] = "calls os.time at line 2",
    ["function(r) return os.clock() end"] = "calls os.clock at line 2",
    ["function(r) return weir.now() end"] = "calls weir.now at line 2",
    ["function(r) return weir.random() end"] = "calls weir.random at line 2",
    ["function(r)\n\nprint(r.a) end"] = "calls print at line 4",
    ["function(r) return load('return 1')() end"] = "calls load at line 2",
    ["function(r) return require('x') end"] = "calls require at line 2",
    ["function(r) return coroutine.wrap(function() end)() end"] = "calls coroutine.wrap at line 2",
    ["function(r) return r.f() end"] = "calls what cannot be known before at line 2",
    ["function(r) local t = { f = print } t.f() end"] = "calls what cannot be known before at "
      .. "line 2",
    ["function(r) return limits.names[r.a](r) end"] = "calls what cannot be known before at line 2",
    ["function(r) return ('x').rep('y', 3), _G.count end"] = false,
    ["function(r) for k in pairs(limits) do r.x = k end end"] = "goes through a table in an order "
      .. "that is not everywhere the same at line 2",
    ["function(r) for k in next, limits do r.x = k end end"] = "goes through a table in an order "
      .. "that is not everywhere the same at line 2",
    ["function(r) return (r.s:gsub('.', tools.half and print)) end"] = "calls print at line 2",
  }) do
    it(source, function()
      local verdict, why = of(source)
      assert.is_nil(verdict)
      if reason then
        assert.equal(reason, why)
      end
    end)
  end

  it("memoises", function()
    local fn = script.load("local memo = {} return function(r) local v = memo[r.a] "
      .. "if not v then v = r.a * 2 memo[r.a] = v end r.b = v end")()
    assert.same({ "changes the table `memo` at line 1", n = 2 },
      { select(2, purity.of(fn, { fn })), n = select("#", purity.of(fn, { fn })) })
  end)

  it("reads a table that another one changes", function()
    local reads, writes = script.load("local t = { a = 1 } return function(r) return t[r.k] end, "
      .. "function(r) t[r.k] = r.v end")()
    assert.equal("pure", (purity.of(reads, { reads })))
    local verdict, reason = purity.of(reads, { reads, writes })
    assert.is_nil(verdict)
    assert.equal("reads the table `t`, which something may change: it changes the table `t` at "
      .. "line 1", reason)
  end)

  it("reads a table, if it is not known what else there is and something changes one", function()
    local reads = script.load("local t = { a = 1 } local function f(x) x.y = 1 end "
      .. "return function(r) return t[r.k] end, f")()
    local _, reason = purity.of(reads)
    assert.equal("reads the table `t`, which something may change: it changes one at line 1",
      reason)
  end)

  it("reads what a suspended coroutine may change", function()
    local fn, co = script.load("local co = coroutine.wrap(function() local t = {} "
      .. "coroutine.yield(function(r) return t.x end) t.x = 1 end) return co(), co")()
    assert.is_nil((purity.of(fn, { fn })))
    co()
    assert.equal("pure", (purity.of(fn, { fn })))
  end)

  it("is not the script's", function()
    assert.same({ nil, "is no function of a script" }, { purity.of(function() end) })
  end)
end)

describe("functions that share something", function()
  it("are in one group", function()
    local fns = { script.load([[
local n, seen, other, constant = 0, {}, {}, 5
local function bump() n = n + 1 return n end
return function(r) n = n + r.a end, function(r) return bump() end, function(r) seen[1] = r.a end,
  function(r) return constant end, function(r) local t = { seen } return t end,
  function(r) return other end]])() }
    local groups, of_fn = purity.shares(fns), {}
    for g, group in ipairs(groups) do
      for _, fn in ipairs(group) do
        assert.is_nil(of_fn[fn])
        of_fn[fn] = g
      end
    end
    assert.equal(4, #groups)
    assert.equal(of_fn[fns[1]], of_fn[fns[2]])
    assert.equal(of_fn[fns[3]], of_fn[fns[5]])
    assert.not_equal(of_fn[fns[1]], of_fn[fns[3]])
    assert.not_equal(of_fn[fns[4]], of_fn[fns[6]])
  end)
end)
