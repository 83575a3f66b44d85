--- The environment that user code sees.
--
--     local env = sandbox.new{ record = record, weir = weir, directory = "rules" }
--     local chunk, message = loader.load(source, "@rules/a.lua", env)
--
-- What is in it is listed here and in weir.expr.walk and weir.expr.impure; all else
-- does not exist, and what people look for says what to use instead. Everything is
-- frozen: a script can change its own tables and nothing that it was given.
--
-- Invariants (spec/lua/expr/sandbox_spec.lua walks the environment for them)
--   1. No function in it gives a function that is not: no string.dump, no environments,
--      no metatable of text, and load goes through the loader, text only.
--   2. Every table in it is frozen or fresh.
--   3. No cdata but handles and exact integers: numbers with LL are refused by the loader.

local copy = require("weir.lib.copy")
local costs = require("weir.expr.costs")
local frozen = require("weir.expr.frozen")
local impure = require("weir.expr.impure")
local loader = require("weir.expr.loader")
local modules = require("weir.expr.modules")
local nesting = require("weir.expr.nesting")
local numbers = require("weir.expr.numbers")
local strings = require("weir.expr.strings")
local protected = require("weir.expr.protected")
local walk = require("weir.expr.walk")

local M = {}

local REPEAT_MAX = 64 * 1024 * 1024 -- bytes that string.rep may make

local absent = {
  [""] = {
    io = "a script describes and the engine reads and writes; use weir.file",
    ffi = "scripts do not touch memory",
    debug = "errors carry their traceback by themselves",
    package = 'require "name" finds files beside the script',
    jit = "see weir explain --jit",
    dofile = 'use require "name" for a file beside the script',
    loadfile = 'use require "name" for a file beside the script',
    module = "return a table from the file instead",
    getfenv = "there is one environment, and it does not change",
    setfenv = "there is one environment, and it does not change",
    newproxy = "use setmetatable({}, ...)",
    gcinfo = 'use collectgarbage("count")',
  },
  os = {
    execute = "it would block; use :exec or weir.exec",
    exit = "raise with error() to stop; the engine ends when its input does",
    remove = "a script describes and the engine writes; use weir.file",
    rename = "a script describes and the engine writes; use weir.file",
    tmpname = "a script describes and the engine writes; use weir.file",
    setlocale = "weir always uses the C locale",
  },
  string = {
    dump = "weir loads source only",
    gfind = "use string.gmatch",
  },
  table = {
    foreach = "use for ... in pairs(t)",
    foreachi = "use for ... in ipairs(t)",
    getn = "use #t",
  },
}

-- Where each environment's switches are kept; nothing in an environment leads here.
local switches = setmetatable({}, { __mode = "k" })

local plain_strings = { "byte", "char", "len", "sub" }
local whole_strings = { "lower", "reverse", "upper" }
local pattern_strings = { "find", "match", "gmatch", "gsub" }

local function string_library()
  local library = { format = numbers.format }
  for _, name in ipairs(plain_strings) do
    library[name] = string[name]
  end
  for _, name in ipairs(whole_strings) do
    library[name] = costs.of_text(string[name])
  end
  for _, name in ipairs(pattern_strings) do
    library[name] = strings[name]
  end
  function library.rep(s, n, separator)
    local size = (type(s) == "string" and #s or 0)
      + (type(separator) == "string" and #separator or 0)
    if type(n) == "number" and n * size > REPEAT_MAX then
      error(("string.rep: more than %d bytes"):format(REPEAT_MAX), 2)
    end
    costs.pay_repeat(n, size)
    return string.rep(s, n, separator)
  end
  return library
end

-- Metatables only of what a script can have made itself.
local function add_metatables(base, record)
  function base.getmetatable(v)
    if type(v) ~= "table" or frozen.is(v) then
      return nil
    end
    return getmetatable(v)
  end
  -- Takes tables only; frozen ones are protected.
  function base.setmetatable(...)
    if record.type((...)) == "table" and type((...)) == "cdata" then
      error("setmetatable needs a table, and this is a record or a part of one:"
        .. " weir.to_table(r) makes one", 2)
    end
    return setmetatable(...)
  end
  base.rawequal = rawequal
  function base.rawget(t, key)
    if type(t) ~= "table" or frozen.is(t) then
      error("rawget needs a table of the script's own", 2)
    end
    return rawget(t, key)
  end
  function base.rawset(t, key, value)
    if type(t) ~= "table" or frozen.is(t) then
      error("rawset needs a table of the script's own", 2)
    end
    return rawset(t, key, value)
  end
end

local function add_values(base)
  function base.tostring(...)
    local v = ...
    if type(v) == "table" or type(v) == "cdata" then
      costs.pay(costs.SHOW)
    end
    return select("#", ...) > 0 and numbers.shown(v) or tostring(...)
  end
  base.tonumber = numbers.tonumber
  function base.collectgarbage(what)
    if what ~= "count" then
      error('collectgarbage: only "count" is here; the engine collects between batches', 2)
    end
    return collectgarbage("count")
  end
end

local function add_print(base, speak)
  function base.print(...)
    if not speak then
      return
    end
    local parts = {}
    for i = 1, select("#", ...) do
      parts[i] = base.tostring((select(i, ...)))
    end
    local line = table.concat(parts, "\t")
    costs.pay(costs.SAY)
    costs.pay_text(line)
    speak(line)
  end
end

local function gather(source)
  if type(source) ~= "function" then
    return source
  end
  local parts = {}
  for piece in source do
    if piece == "" then
      break
    end
    parts[#parts + 1] = piece
  end
  return table.concat(parts)
end

-- load and loadstring: source only, in this environment or a table of the script's.
local function add_load(base, env_of)
  function base.load(source, chunkname, _, env)
    local text = gather(source)
    if type(text) ~= "string" then
      error("load needs source text, not a " .. type(text), 2)
    end
    costs.pay(costs.LOAD)
    costs.pay_text(text)
    return loader.load(text, chunkname or "=(load)", type(env) == "table" and env or env_of())
  end
  function base.loadstring(source, chunkname)
    return base.load(source, chunkname)
  end
end

local function libraries(base, tables, clock)
  base.table = frozen.new("table", tables, absent.table)
  base.os = frozen.new("os", clock, absent.os)
  base.string = frozen.new("string", string_library(), absent.string)
  base.math = frozen.new("math", copy.of(numbers.math), {})
  base.bit = frozen.new("bit", copy.of(bit), {})
  local coroutines = copy.of(coroutine)
  coroutines.create, coroutines.wrap = costs.of_making(nesting.create),
    costs.of_making(nesting.wrap)
  coroutines.resume = protected.guard(nesting.resume)
  base.coroutine = frozen.new("coroutine", coroutines, {})
end

--- Makes an environment.
--
--     record     `type pairs ipairs` of handles (weir.native.record)
--     weir       what require "weir" gives; freeze it
--     directory  where require looks, "." if not given
--     print      called with each line; not given: print says nothing
--     modules    further modules by name
--     read       function(path) -> text or nil, in place of the disk
---@param options table
---@return table env
function M.new(options)
  local record = options.record
  local env
  local function env_of()
    return env
  end
  local base, tables, sort = walk.new(record)
  local clock, record_answers = impure.new()
  for _, name in ipairs({ "assert", "error", "select" }) do
    base[name] = _G[name]
  end
  base.pcall, base.xpcall = protected.pcall, protected.xpcall
  base._VERSION = _VERSION
  add_metatables(base, record)
  add_values(base)
  add_print(base, options.print)
  add_load(base, env_of)
  base.require = modules.new({
    directory = options.directory or ".",
    weir = options.weir,
    modules = options.modules,
    read = options.read,
    absent = absent[""],
  }, env_of)
  libraries(base, tables, clock)
  env = frozen.new("", base, absent[""])
  base._G = env
  switches[env] = { sort = sort, record = record_answers }
  return env
end

--- While a script describes, keys come sorted and what it asks of the world is recorded.
---@param env table
---@param recording table?  empty: filled; filled: played back; nil: ends describing
function M.describing(env, recording)
  switches[env].sort(recording ~= nil)
  switches[env].record(recording)
end

--- Makes methods of text, `("x"):match(p)`, those of an environment, in this whole state.
---@param env table
function M.install_strings(env)
  getmetatable("").__index = frozen.contents(env.string)
end

return M
