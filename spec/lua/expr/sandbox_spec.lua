local frozen = require("weir.expr.frozen")
local loader = require("weir.expr.loader")
local sandbox = require("weir.expr.sandbox")

local record = { type = type, pairs = pairs, ipairs = ipairs }

local function new(options)
  options = options or {}
  options.record = options.record or record
  return sandbox.new(options)
end

local function run_in(env, source)
  local fn, message = loader.load(source, "@a.lua", env)
  if not fn then
    return false, message
  end
  loader.refill(1e6)
  local results = { pcall(fn) }
  loader.refill(math.huge)
  return unpack(results, 1, 9)
end

local function run(source)
  return run_in(new(), source)
end

describe("a script's environment", function()
  for source, wanted in pairs({
    ["x = 3"] = "a.lua:1: cannot set the global x: use local",
    ["print = 3"] = "a.lua:1: cannot set the global print: use local",
    ["string.find = 3"] = "a.lua:1: cannot set string.find: it belongs to weir",
    ["local f = io.open"] = "a.lua:1: io is not here: a script describes and the engine reads and "
      .. "writes; use weir.file",
    ["local f = os.execute"] =
      "a.lua:1: os.execute is not here: it would block; use :exec or weir.exec",
    ["local f = string.dump"] = "a.lua:1: string.dump is not here: weir loads source only",
    ["local f = require 'ffi'"] = 'a.lua:1: require "ffi": scripts do not touch memory',
    ["local f = require '../x'"] = 'a.lua:1: require: a module is a file beside the script, '
      .. '"name" or "lib.name", not ../x',
    ["rawset(string, 'x', 1)"] = "a.lua:1: rawset needs a table of the script's own",
    ["table.insert(string, 1)"] = "a.lua:1: table.insert needs a table of the script's own",
    ["table.sort(math)"] = "a.lua:1: table.sort needs a table of the script's own",
    ["setmetatable(string, {})"] = "a.lua:1: cannot change a protected metatable",
    ["collectgarbage('stop')"] = 'a.lua:1: collectgarbage: only "count" is here; the engine '
      .. "collects between batches",
  }) do
    it("refuses " .. source, function()
      assert.same({ false, wanted }, { run(source) })
    end)
  end

  it("has the rest of Lua", function()
    assert.same({ true, 3, "B", 2, "12" }, { run([[
      local t = setmetatable({}, { __index = function(_, k) return k + 1 end })
      return t[2], ("b"):upper(), select("#", unpack{ 1, 2 }), table.concat{ 1, 2 }]]) })
    assert.same({ true, true }, {
      run("return coroutine.wrap(function() return _G._G == _G end)()"),
    })
    assert.same({ true, 1, 2, 3 }, { run([[
      local f = coroutine.wrap(function(a) local b = coroutine.yield(a) return b, 3 end)
      return f(1), f(2)]]) })
    assert.same({ true, "a.lua:1: x" }, {
      run("return (select(2, pcall(coroutine.wrap(function() error('x') end))))"),
    })
    assert.same({ true, 1, 2 }, { run("local t = { 2, 1 } table.sort(t) return unpack(t)") })
    assert.same({ true, 2 }, { run("return load('return 1 + 1')()") })
    assert.same({ true, nil }, { run("return no_such_global") })
    assert.same({ true, "table function" },
      { run("return tostring({}) .. ' ' .. tostring(tostring)") })
  end)

  -- What a call takes, besides its own charge and that of the chunk.
  for call, least in pairs({
    ["pcall(error)"] = 50, ["xpcall(error, type)"] = 50, ["coroutine.wrap(type)"] = 200,
    ["coroutine.resume(coroutine.create(error))"] = 250, ["tostring({})"] = 20,
    ["load 'x = 1'"] = 500, ["load(('x'):rep(6400))"] = 600,
    ["os.date()"] = 20, ["table.concat({ ('x'):rep(6400), '' })"] = 100,
    ["string.upper(string.rep('x', 6400))"] = 200, ["table.concat(t)"] = 8125,
    ["table.sort(t)"] = 40000, ["table.insert(t, 1, 1)"] = 999, ["table.remove(t, 1)"] = 999,
    ["unpack(t, 1, 1)"] = 8000,
  }) do
    it("takes fuel for the work of " .. call, function()
      local t = {}
      for i = 1, 8000 do
        t[i] = 1
      end
      local fn = assert(loader.load("local t = ... " .. call, "@a.lua", new()))
      loader.refill(1e6)
      local ok, message = pcall(fn, t)
      local taken = 1e6 - loader.cell.left
      loader.refill(math.huge)
      assert.is_true(ok, message)
      assert.is_true(taken >= least and taken < least + 20, taken)
    end)
  end

  it("does not get around running dry", function()
    local dry = "a.lua:1: ran out of fuel (endless loop?)"
    local loop = "function() while true do end end"
    for _, source in ipairs({ "pcall(%s)", "pcall(pcall, %s)",
      "coroutine.resume(coroutine.create(%s))", "pcall(coroutine.wrap(%s))" }) do
      assert.same({ false, dry }, { run(source:format(loop) .. " return 1") })
    end
    assert.same({ false, "ran out of fuel (endless loop?)" },
      { run("xpcall(" .. loop .. ", function() return 1 end) return 1") })
  end)

  it("prints where it is told to, and nowhere otherwise", function()
    local lines = {}
    local env = new({ print = function(line)
      lines[#lines + 1] = line
    end })
    run_in(env, "print('a', 1, nil) print()")
    assert.same({ "a\t1\tnil", "" }, lines)
    assert.is_true((run("print('x')")))
  end)
end)

describe("require", function()
  local files = {
    ["dir/lib/a.lua"] = "local M = {} function M.f() return 'f' end return M",
    ["dir/b/init.lua"] = "return ...",
    ["dir/loop.lua"] = "return require 'loop'",
    ["dir/bad.lua"] = "\nx != 3",
    ["dir/global.lua"] = "\n\ny = 3",
  }
  local function env()
    return new({ directory = "dir", weir = { name = "weir" }, read = function(path)
      return files[path]
    end })
  end

  it("finds files beside the script, once, and weir", function()
    assert.same({ true, "f", true, "b", "weir" }, { run_in(env(), [[
      local a = require "lib.a"
      return a.f(), a == require "lib.a", require "b", require "weir".name]]) })
  end)

  for source, wanted in pairs({
    ["local x = require 'none'"] = 'a.lua:1: require "none": found neither dir/none.lua nor '
      .. "dir/none/init.lua",
    ["local x = require 'loop'"] = 'require "loop": it requires itself',
    ["local x = require 'bad'"] = "dir/bad.lua:2: '=' expected near '!' "
      .. "(Lua writes not equal as ~=, and not for !)",
    ["local x = require 'global'"] = "dir/global.lua:3: cannot set the global y: use local",
  }) do
    it("says what is wrong: " .. source, function()
      assert.same({ false, wanted }, { run_in(env(), source) })
    end)
  end
end)

describe("while a script describes", function()
  it("keys come sorted", function()
    local env = new()
    sandbox.describing(env, {})
    local source = [[
      local t, seen = {}, {}
      for i = 1, 50 do t["k" .. (i * 7 % 50)] = i t[i / 2] = i end
      t[true] = 1
      for k in pairs(t) do seen[#seen + 1] = tostring(k) end
      local nexts, k = {}, nil
      repeat k = next(t, k) nexts[#nexts + 1] = tostring(k) until k == nil
      return table.concat(seen, " "), table.concat(nexts, " ")]]
    local _, seen, nexts = run_in(env, source)
    assert.equal(seen .. " nil", nexts)
    assert.truthy(seen:find("^0.5 1 1.5 2 .* 25 k0 k1 k10 k11 .* k9 true$"))
    sandbox.describing(env, nil)
    assert.is_true((run_in(env, source)))
  end)

  it("the world answers every state alike", function()
    local source = "return os.time(), os.clock(), os.getenv('HOME'), os.getenv('NO_SUCH'), "
      .. "math.random(), math.random(100)"
    local recording = {}
    local first, second = new(), new()
    sandbox.describing(first, recording)
    local wanted = { run_in(first, source) }
    sandbox.describing(first, nil)
    recording[2] = "d7" -- so that playing shows
    wanted[3] = 7
    sandbox.describing(second, recording)
    assert.same(wanted, { run_in(second, source) })
    sandbox.describing(second, nil)
    assert.not_equal(7, select(3, run_in(second, source)))
  end)
end)

describe("a record's handle", function()
  -- Any cdata stands for a handle here: what matters is who is asked.
  local handle = require("ffi").new("struct { int x; }")
  local env = new({ record = {
    type = function()
      return "table"
    end,
    pairs = function()
      return pairs({ a = 1 })
    end,
    ipairs = function()
      return ipairs({ "first" })
    end,
  }, modules = { handle = handle } })

  it("answers as a table", function()
    assert.same({ true, "table", "a", "first" }, { run_in(env, [[
      local r, keys, items = require "handle", {}, {}
      for k in pairs(r) do keys[#keys + 1] = k end
      for _, v in ipairs(r) do items[#items + 1] = v end
      return type(r), keys[1], items[1] ]]) })
  end)

  for _, call in ipairs({ "next(r)", "unpack(r)", "table.concat(r)", "table.insert(r, 1)",
    "table.sort(r)" }) do
    it("must become a table for " .. call, function()
      local source = "local r = require 'handle'; local x = " .. call .. "; return x"
      local ok, message = run_in(env, source)
      assert.is_false(ok)
      assert.equal("a.lua:1: " .. call:match("[%w.]+")
        .. " needs a table, and this is a record or a part of one: weir.to_table(r) makes one",
        message)
    end)
  end
end)

describe("nothing that a script holds", function()
  local forbidden = {}
  local function forbid(name, value)
    if value ~= nil then
      forbidden[value] = name
    end
  end
  for _, library in ipairs({ "io", "debug", "package", "jit", "ffi", "jit.util" }) do
    local t = package.loaded[library] or require(library)
    forbid(library, t)
    for name, value in pairs(t) do
      if type(value) == "function" or type(value) == "table" then
        forbid(library .. "." .. name, value)
      end
    end
  end
  for _, name in ipairs({ "load", "loadstring", "loadfile", "dofile", "require", "getfenv",
    "setfenv", "newproxy", "collectgarbage", "getmetatable",
    "rawset", "rawget", "_G", "module", "next", "print" }) do
    forbid(name, _G[name])
  end
  for _, name in ipairs({ "execute", "exit", "remove", "rename", "tmpname" }) do
    forbid("os." .. name, os[name])
  end
  forbid("string.dump", string.dump)
  forbid("getmetatable('')", getmetatable(""))
  for _, name in ipairs({ "string", "table", "math", "os", "coroutine", "bit" }) do
    forbid("the real " .. name, _G[name])
  end

  local function walk(value, path, seen)
    assert(not forbidden[value], path .. " is " .. tostring(forbidden[value]))
    assert(type(value) ~= "cdata" and type(value) ~= "thread", path .. " is a " .. type(value))
    if type(value) ~= "table" or seen[value] then
      return
    end
    seen[value] = true
    assert(frozen.is(value), path .. " can be changed")
    for key, member in pairs(frozen.contents(value)) do
      walk(member, path .. "." .. tostring(key), seen)
    end
    assert.is_false(getmetatable(value))
  end

  it("is, or leads to, what reads or writes the world or memory", function()
    walk(new(), "_G", {})
  end)

  it("gets out of what its functions give back", function()
    local env = new()
    for _, source in ipairs({
      "return pairs(string)", "return pairs(_G)", "return ipairs(_G)", "return next(string)",
      "return getmetatable('')", "return getmetatable(_G)", "return getmetatable(print)",
      "return pcall(getmetatable, 1)", "return rawget({}, 1)", "return load('return ...')",
      "return xpcall(error, function(e) return e end)", "return coroutine.running()",
      "return ('').x", "return ('').find", "return select(2, pcall(require, 'ffi'))",
    }) do
      local results = { run_in(env, source) }
      for i = 2, 9 do
        local result = results[i]
        -- The built-in next is harmless, and `for` is fast because pairs gives it.
        assert(result == next or not forbidden[result], source)
        assert(type(result) ~= "table" or frozen.is(result)
          or getmetatable(result) == nil and not rawget(result, "__index"), source)
      end
    end
    run_in(env, "local _, t = pairs(string) if type(t) == 'table' then t.upper = nil end")
    assert.same({ true, "A" }, { run_in(env, "return string.upper('a')") })
  end)

  for name, source in pairs({
    ["bytecode"] = "return load(string.dump(function() end))",
    ["bytecode by hand"] = "return assert(load('\\27LJ\\2\\0'))",
    ["bytecode in pieces"] = "local n = 0 return assert(load(function() n = n + 1 "
      .. "return n == 1 and '\\27' or n == 2 and 'LJ' or nil end))",
    ["bytecode after a header"] = "return assert(load('#\\n\\27LJ\\2'))",
    ["a C number"] = "return assert(load('return 1LL'))()",
    ["another environment"] = "return setfenv(function() return io end, {})",
    ["the environment of a function"] = "return getfenv(print)",
    ["an environment given to load"] = "return assert(load('return io.open', 'x', 't', _G))()",
    ["the metatable of text"] = "getmetatable('').__index = {}",
    ["raw access to globals"] = "rawset(_G, 'x', 1)",
    ["the table behind"] = "setmetatable(_G, { __newindex = false })",
    ["methods of text"] = "return ('x').dump(print)",
    ["a path to a file"] = "return require '/etc/passwd'",
    ["a path above"] = "return require 'lib...x'",
    ["the fuel"] = "weir__fuel.left = 1 / 0",
    ["a name with a NUL"] = "return require 'ffi\\0'",
    ["a loop in load"] = "return load(function() while true do end end)",
    ["a loop in a pattern's function"] = "return ('x'):gsub('.', function() while true do end end)",
    ["a loop in an error handler"] = "return (select(2, xpcall(error, function() while true do end "
      .. "end)))()",
    ["a loop in a metamethod"] = "return setmetatable({}, { __index = function() while true do end "
      .. "end }).x",
    ["a loop in a coroutine"] = "local f = coroutine.wrap(function() while true do end end) f()",
    ["a loop in sort"] = "table.sort({ 1, 2 }, function() while true do end end)",
    ["coroutines within each other for ever"] = "local function f() "
      .. "return coroutine.wrap(f)() end f()",
    ["resumes within each other for ever"] = "local function f() "
      .. "assert(coroutine.resume(coroutine.create(f))) end f()",
    ["sorts within each other for ever"] = "local function f() "
      .. "table.sort({ 1, 2 }, f) end f()",
    ["coroutines in sorts"] = "local function f() table.sort({ 1, 2 }, coroutine.wrap(f)) end f()",
    ["a loop in insert"] = "table.insert({}, -2 ^ 31, 1)",
    ["a huge text"] = "return ('x'):rep(1e9)",
  }) do
    it("lets it have " .. name, function()
      local env = new()
      local strings = getmetatable("").__index
      sandbox.install_strings(env)
      local ok, message = run_in(env, source)
      getmetatable("").__index = strings
      assert.is_false(ok, tostring(message))
    end)
  end
end)
