--- string.find, match, gmatch and gsub, with Lua's answers and a limit.
--
-- A bad pattern cannot hold the engine up: a search counts its steps, gives up past
-- WEIR_MATCH_STEPS_MAX, and takes fuel for those it made. Besides, these run in
-- compiled loops, which the built-in ones leave.

local C = require("weir.cdef").load("engine/op/match.h")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")

local M = {}

local find, sub = string.find, string.sub

local STEPS_PER_CHARGE = 32
local LITERAL_MAX = 32 -- bytes up to which the quadratic built-in search is the faster one
local REMEMBERED_MAX = 1000 -- patterns

local faults = {
  [C.WEIR_MATCH_STEPS] = "pattern takes too long on this text",
  [C.WEIR_MATCH_DEPTH] = "pattern too complex",
  [C.WEIR_MATCH_CAPTURES] = "too many captures",
  [C.WEIR_MATCH_ESCAPE] = "malformed pattern (ends with '%')",
  [C.WEIR_MATCH_SET] = "malformed pattern (missing ']')",
  [C.WEIR_MATCH_FRONTIER] = "missing '[' after '%f' in pattern",
  [C.WEIR_MATCH_BALANCE] = "unbalanced pattern",
  [C.WEIR_MATCH_CLOSE] = "invalid pattern capture",
  [C.WEIR_MATCH_REFERENCE] = "invalid capture index",
}

local OPEN, POSITION = C.WEIR_MATCH_OPEN, C.WEIR_MATCH_POSITION

-- One for all: what a search found is read out before anything else runs.
local found = ffi.new("weir_match")

-- Whether a pattern is plain text. Forgotten now and then: patterns may be made.
local plain, remembered = {}, 0

local function is_plain(pattern)
  local known = plain[pattern]
  if known == nil then
    if remembered == REMEMBERED_MAX then
      plain, remembered = {}, 0
    end
    known = not find(pattern, "[%^%$%*%+%?%.%(%[%%%-]")
    plain[pattern], remembered = known, remembered + 1
  end
  return known
end

local function fail(code)
  error(faults[code], 4)
end

-- Searches from an offset; the level of its errors is the caller of its caller.
local function search(s, from, pattern, caret)
  found.from = from
  local code = C.weir_match_search(found, s, #s, pattern, #pattern, caret)
  fuel.take(found.steps / STEPS_PER_CHARGE)
  if code < 0 then
    fail(code)
  end
  return code == 1
end

local function capture(s, i)
  local start, size = found.start[i], found.size[i]
  if size >= 0 then
    return sub(s, start + 1, start + size)
  elseif size == POSITION then
    return start + 1
  end
  error("unfinished capture", 4)
end

local function captures_from(s, i, count)
  if i == count then
    return
  end
  return capture(s, i), captures_from(s, i + 1, count)
end

-- The captures of a match. Few, the common case, need no recursion.
local function captures(s)
  local count = found.captures
  if count == 1 then
    return (capture(s, 0))
  elseif count == 2 then
    local first, second = capture(s, 0), capture(s, 1)
    return first, second
  end
  for i = 0, count - 1 do
    if found.size[i] == OPEN then
      error("unfinished capture", 3)
    end
  end
  return captures_from(s, 0, count)
end

local function whole_or_captures(s)
  if found.captures == 0 then
    return (sub(s, found.first + 1, found.last))
  end
  return captures(s)
end

-- The message that the built-in function has for such arguments.
local function refuse(name, ...)
  local _, message = pcall(string[name], ...)
  error((tostring(message):gsub("'%?'", "'" .. name .. "'")), 4)
end

-- Numbers are text to string functions, as everywhere in Lua.
local function texts(name, s, pattern, ...)
  local ts, tp = type(s), type(pattern)
  if ts == "number" then
    s = tostring(s)
  elseif ts ~= "string" then
    refuse(name, s, pattern, ...)
  end
  if tp == "number" then
    pattern = tostring(pattern)
  elseif tp ~= "string" then
    refuse(name, s, pattern, ...)
  end
  return s, pattern
end

-- Where to begin, from 0.
local function offset(name, s, pattern, init)
  if init == nil then
    return 0
  end
  local from = tonumber(init)
  if not from or type(init) == "cdata" then
    refuse(name, s, pattern, init)
  end
  from = from < 0 and math.ceil(from) or math.floor(from)
  if from < 0 then
    from = from + #s + 1
  end
  return math.min(math.max(from - 1, 0), #s)
end

local function find_plain(s, from, text)
  if #text <= LITERAL_MAX then
    return find(s, text, from + 1, true)
  end
  local at = tonumber(C.weir_match_literal(s, #s, from, text, #text))
  if at >= 0 then
    return at + 1, at + #text
  end
  return nil
end

--- As Lua's string.find.
function M.find(s, pattern, init, is_text)
  if type(s) ~= "string" or type(pattern) ~= "string" then
    s, pattern = texts("find", s, pattern, init)
  end
  local from = offset("find", s, pattern, init)
  if is_text or is_plain(pattern) then
    return find_plain(s, from, pattern)
  elseif not search(s, from, pattern, true) then
    return nil
  end
  if found.captures == 0 then
    return found.first + 1, found.last
  end
  return found.first + 1, found.last, captures(s)
end

--- As Lua's string.match.
function M.match(s, pattern, init)
  if type(s) ~= "string" or type(pattern) ~= "string" then
    s, pattern = texts("match", s, pattern, init)
  end
  local from = offset("match", s, pattern, init)
  if not search(s, from, pattern, true) then
    return nil
  end
  return whole_or_captures(s)
end

-- What the iterator that is being made walks over, and the iterator.
local walked, wanted, walker

local function make_walker()
  local s, pattern, from = walked, wanted, 0
  walker = function()
    if from > #s or not search(s, from, pattern, false) then
      return nil
    end
    from = found.last > found.first and found.last or found.last + 1
    return whole_or_captures(s)
  end
end

local replace = string.gsub

--- As Lua's string.gmatch. LuaJIT does not compile the making of a closure, and gives up
-- the loop around it; but it steps around a built-in function that it does not know,
-- such as gsub, whatever that calls.
function M.gmatch(s, pattern)
  walked, wanted = texts("gmatch", s, pattern)
  replace("x", "x", make_walker)
  return walker
end

-- What stands for one match, given how to look at the captures by number.
local function expand(s, template)
  return (string.gsub(template, "%%(.?)", function(letter)
    local i = tonumber(letter)
    if not i then
      return letter == "" and "\0" or letter -- a % at the end: Lua copies the NUL behind it
    elseif i == 0 or (i == 1 and found.captures == 0) then
      return sub(s, found.first + 1, found.last)
    elseif i > found.captures then
      error("invalid capture index", 6)
    end
    return capture(s, i - 1)
  end))
end

local makers = {}

function makers.string(s, template)
  return find(template, "%", 1, true) and expand(s, template) or template
end

makers["function"] = function(s, fn)
  return (fn(whole_or_captures(s)))
end

function makers.table(s, t)
  if found.captures == 0 then
    return t[sub(s, found.first + 1, found.last)]
  end
  return t[capture(s, 0)]
end

local function replacement(s, make, by, first, last)
  local value = make(s, by)
  if not value then
    return sub(s, first + 1, last)
  elseif type(value) ~= "string" and type(value) ~= "number" then
    error(("invalid replacement value (a %s)"):format(type(value)), 3)
  end
  return value
end

local function limit(s, pattern, by, max)
  if max == nil then
    return #s + 1
  end
  return tonumber(max) or refuse("gsub", s, pattern, by, max)
end

--- As Lua's string.gsub.
function M.gsub(s, pattern, by, max)
  s, pattern = texts("gsub", s, pattern, by, max)
  if type(by) == "number" then
    by = tostring(by)
  end
  local make = makers[type(by)] or refuse("gsub", s, pattern, by)
  max = limit(s, pattern, by, max)
  local parts, count, from = {}, 0, 0
  local anchored = sub(pattern, 1, 1) == "^"
  while count < max and search(s, from, pattern, true) do
    -- Read before `by` runs: it may search as well.
    local first, last = found.first, found.last
    parts[#parts + 1] = sub(s, from + 1, first)
    parts[#parts + 1] = replacement(s, make, by, first, last)
    count = count + 1
    from = last
    if last == first then
      parts[#parts + 1] = sub(s, first + 1, first + 1)
      from = first + 1
    end
    if anchored or from > #s then
      break
    end
  end
  parts[#parts + 1] = sub(s, from + 1)
  return table.concat(parts), count
end

return M
