--- What a function reads besides its record: globals, variables outside, and what
-- stands in tables, as far as they cannot change any more.

local builtins = require("weir.expr.builtins")
local bytecode = require("weir.expr.bytecode")
local chunk = require("weir.expr.chunk")
local frozen = require("weir.expr.frozen")
local null = require("weir.lib.null").null
local Builder = require("weir.expr.lift.builder")

local M = {}

local plain = { number = true, string = true, boolean = true, ["nil"] = true }

-- A Lua value that cannot change its identity, as the builder knows it.
local function known_value(f, value, what)
  local kind = type(value)
  if plain[kind] or value == null then
    return Builder.constant(value)
  elseif kind == "table" then
    return { table = value, name = what }
  elseif kind == "function" then
    local name = builtins.names(f.env)[value]
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

--- A variable outside, by its number in the bytecode as the user wrote it.
function M.upvalue(f, index)
  f.env = f.env or environment(f)
  local name = bytecode.upvalue_name(f.code, index)
  local value = bytecode.upvalue(f.fn, name)
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
    return given(f, of.table, key, what)
  end
  local reason
  if not f.builder.quiet then
    reason = type(key) ~= "string" and "may change" or chunk.stores(f.env, key)
  end
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
  if not builtins.is_method(f.env, name) then
    f:refuse("calls the method %s", name)
  end
  return { builtin = "string." .. name }
end

return M
