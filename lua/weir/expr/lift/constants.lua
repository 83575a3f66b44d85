--- What a function reads besides its record: globals, variables outside, and what
-- stands in tables, as far as they cannot change any more.

local bytecode = require("weir.expr.bytecode")
local chunk = require("weir.expr.chunk")
local frozen = require("weir.expr.frozen")
local null = require("weir.lib.null").null
local Builder = require("weir.expr.lift.builder")

local M = {}

-- Builtins of an environment by function: { [string.sub] = "string.sub" }.
local builtins_of = setmetatable({}, { __mode = "k" })

local function builtins(env)
  local known = builtins_of[env]
  if known then
    return known
  end
  known = {}
  for name, value in pairs(frozen.contents(env)) do
    if type(value) == "function" then
      known[value] = name
    elseif frozen.is(value) and value ~= env then
      for member, fn in pairs(frozen.contents(value)) do
        if type(fn) == "function" then
          known[fn] = name .. "." .. member
        end
      end
    end
  end
  builtins_of[env] = known
  return known
end

-- The public module, whose functions are known by name.
local function add_module(known, module)
  for name, value in pairs(frozen.contents(module)) do
    if type(value) == "function" then
      known[value] = "weir." .. name
    end
  end
end

local plain = { number = true, string = true, boolean = true, ["nil"] = true }

-- A Lua value that cannot change its identity, as the builder knows it.
local function known_value(f, value, what)
  local kind = type(value)
  if plain[kind] or value == null then
    return Builder.constant(value)
  elseif kind == "table" then
    return { table = value, name = what }
  elseif kind == "function" then
    local name = builtins(f.env)[value]
    return name and { builtin = name } or { fn = value, name = what }
  end
  f:refuse("uses %s, which is a %s", what, kind)
end

local function environment(f)
  local env = debug.getfenv(f.fn)
  if not frozen.is(env) then
    f:refuse("has an environment of its own")
  end
  return env
end

-- What a frozen table gives; a name that is not there may raise.
local function given(f, from, key, what)
  local value = rawget(frozen.contents(from), key)
  if value == nil then
    f:refuse("reads %s, which is not there,", what)
  end
  return known_value(f, value, what)
end

--- A global, by name.
function M.global(f, name)
  f.env = f.env or environment(f)
  return given(f, f.env, name, name)
end

local function upvalue_of(fn, wanted)
  for i = 1, math.huge do
    local name, value = debug.getupvalue(fn, i)
    if name == nil then
      return nil, false
    elseif name == wanted then
      return value, true
    end
  end
end

--- A variable outside, by its number in the bytecode as the user wrote it.
function M.upvalue(f, index)
  f.env = f.env or environment(f)
  local name = bytecode.upvalue_name(f.code, index)
  local value, found = upvalue_of(f.fn, name)
  assert(found, name)
  local reason = chunk.assigns(f.chunk, name)
  if reason then
    f:refuse("reads the variable `%s`, which %s,", name, reason)
  end
  return known_value(f, value, name)
end

--- A member of a table that is a constant.
function M.member(f, of, key)
  f.env = f.env or environment(f)
  local what = ("%s.%s"):format(of.name, tostring(key))
  if frozen.is(of.table) then
    local contents = frozen.contents(of.table)
    if rawget(contents, "from") and rawget(contents, "coalesce") then
      add_module(builtins(f.env), of.table)
    end
    return given(f, of.table, key, what)
  end
  local reason = type(key) ~= "string" and "may change" or chunk.stores(f.env, key)
  if reason then
    f:refuse("reads %s, which %s,", what, reason)
  elseif debug.getmetatable(of.table) then
    f:refuse("reads %s, whose table has a metatable", what)
  end
  return known_value(f, rawget(of.table, key), what)
end

--- A method of text.
function M.method(f, name)
  f.env = f.env or environment(f)
  local methods = frozen.contents(frozen.contents(f.env).string)
  local installed = debug.getmetatable("").__index
  if installed ~= methods or type(methods[name]) ~= "function" then
    f:refuse("calls the method %s", name)
  end
  return { builtin = "string." .. name }
end

return M
