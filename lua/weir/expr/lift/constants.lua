--- What a function reads besides its record: globals, variables outside, and what
-- stands in tables, as far as they cannot change any more.

local builtins = require("weir.expr.builtins")
local bytecode = require("weir.expr.bytecode")
local chunk = require("weir.expr.chunk")
local frozen = require("weir.expr.frozen")
local null = require("weir.lib.null").null
local Builder = require("weir.expr.lift.builder")

local M = {}

local EXACT_MAX = 2 ^ 53
local LOOKUP_MAX = 32
local ELEMENTS_MAX = 16

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

-- The keys of a table, in an order that is the same in every state.
local function sorted_keys(f, from)
  local keys = {}
  for key in next, from do
    local kind = type(key)
    if kind == "number" and not f.builder.quiet then
      f:refuse("looks into a table by number, which may change,")
    elseif kind ~= "string" and not (kind == "number" and math.abs(key) < EXACT_MAX) then
      f:refuse("looks into a table that has a %s as a key", kind)
    end
    keys[#keys + 1] = key
  end
  if #keys > LOOKUP_MAX then
    f:refuse("looks into a table of more than %d keys", LOOKUP_MAX)
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then
      return a < b
    end
    return type(a) == "number"
  end)
  return keys
end

-- The names under which something may be put into a table, if only they may change.
local function stored_names(f)
  if f.builder.quiet then
    return {}
  end
  local names, reason = chunk.stored(f.env)
  return names or f:refuse("looks into a table, which %s,", reason)
end

--- What a table that is a constant has under a key that is not: compared one by one.
-- A name that a function of the script sets somewhere may not be what it was.
function M.lookup(f, of, key)
  f.env = f.env or environment(f)
  local builder, done, result = f.builder, f.builder.label(), {}
  if frozen.is(of.table) or debug.getmetatable(of.table) then
    f:refuse("looks into %s, which is no plain table,", of.name)
  end
  local changing, operand = stored_names(f), f:operand(key)
  for name in pairs(changing) do
    local past = builder.label()
    builder:branch({ op = "if_eq", a = operand, b = { k = name }, negate = true }, past)
    builder:emit({ op = "bail" })
    builder.state = nil
    builder:place(past)
  end
  for _, known in ipairs(sorted_keys(f, of.table)) do
    if not changing[known] then
      local state = builder:copy_state()
      state.slots[result] = known_value(f, of.table[known], of.name .. "[...]")
      builder:branch({ op = "if_eq", a = operand, b = { k = known } }, done, state)
    end
  end
  builder.state.slots[result] = Builder.NIL
  builder:place(done)
  return builder.state.slots[result]
end

--- The elements of a list that is a constant.
function M.elements(f, of)
  f.env = f.env or environment(f)
  if frozen.is(of.table) or debug.getmetatable(of.table) then
    f:refuse("walks over %s, which is no plain table,", of.name)
  elseif not f.builder.quiet then
    f:refuse("walks over %s, which may change,", of.name)
  elseif #of.table > ELEMENTS_MAX then
    f:refuse("walks over more than %d elements", ELEMENTS_MAX)
  end
  local elements = {}
  for i, element in ipairs(of.table) do
    elements[i] = known_value(f, element, ("%s[%d]"):format(of.name, i))
  end
  return elements
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
