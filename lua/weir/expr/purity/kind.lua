--- What a value of a function under analysis may be, as far as harm goes.
--
--     "own"       made in this call, or no table at all     may be changed
--     "record"    the record or a part of it                may be changed
--     "data"      reached from outside, without functions   may be read
--     "shared"    anything                                  may be read
--     { table }   a known table outside   { fn }  a known function   { builtin }  one by name
--     { cleared } a function made here, looked into already
--     { iter }    what pairs and the like give: values of that kind

local frozen = require("weir.expr.frozen")
local null = require("weir.lib.null").null

local M = {}

local SCAN_MAX = 10000 -- values looked at in a table outside

local ranks = { own = 1, record = 1, data = 2, shared = 3 }

local function same(a, b)
  if a == b then
    return true
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return false
  end
  return a.table == b.table and a.fn == b.fn and a.builtin == b.builtin and a.iter == b.iter
    and a.cleared == b.cleared
end

M.same = same

--- What is known of a value that is one of two.
function M.join(a, b)
  if a == nil or b == nil or same(a, b) then
    return a or b
  elseif type(a) == "table" or type(b) == "table" then
    return "shared"
  elseif ranks[a] == 1 and ranks[b] == 1 then
    return "own"
  end
  return ranks[a] > ranks[b] and a or b
end

function M.may_change(kind)
  return ranks[kind] == 1
end

--- What an element of a value is. `taint` is what was put into tables made here.
function M.element(kind, taint)
  if kind == "own" then
    return taint
  elseif kind == "record" or kind == "data" then
    return kind
  elseif type(kind) == "table" and kind.table then
    return kind.data and "data" or "shared"
  end
  return "shared"
end

-- Looks through a table outside: whether it holds functions, and metatables.
local function scan(value, seen, facts)
  if type(value) == "function" or type(value) == "thread" or type(value) == "cdata" then
    facts.data = false
  elseif type(value) == "table" and not seen[value] and not frozen.is(value) then
    seen[value] = true
    facts.left = facts.left - 1
    if debug.getmetatable(value) or facts.left < 0 then
      facts.odd = true
      return
    end
    for key, item in next, value do
      scan(key, seen, facts)
      scan(item, seen, facts)
    end
  end
end

--- The kind of a Lua value outside.
---@param names table<function, string>  of builtins
function M.of(value, names, what)
  local t = type(value)
  if t == "function" then
    return names[value] and { builtin = names[value] } or { fn = value }
  elseif t == "table" then
    local facts = { data = true, left = SCAN_MAX }
    if not frozen.is(value) then
      scan(value, {}, facts)
    end
    return { table = value, name = what, data = facts.data and not frozen.is(value),
      odd = facts.odd }
  elseif t == "cdata" or t == "thread" or (t == "userdata" and value ~= null) then
    return "shared"
  end
  return "own"
end

return M
