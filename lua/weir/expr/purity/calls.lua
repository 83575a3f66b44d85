--- What builtins do, for purity.
--
--     calls.call(flow, name, arguments, line) --> the kind of all results
--
-- Only what is named here is pure; all else is a problem, of the kind that `harmless`
-- tells: it may answer differently each time, but changes no table.

local kind = require("weir.expr.purity.kind")

local M = {}

local function set(words)
  local names = {}
  for name in words:gmatch("%S+") do
    names[name] = true
  end
  return names
end

-- Give numbers, texts or tables of their own.
local pure = set([[
  string.byte string.char string.find string.format string.len string.lower string.match
  string.rep string.reverse string.sub string.upper
  math.abs math.acos math.asin math.atan math.atan2 math.ceil math.cos math.cosh math.deg
  math.exp math.floor math.fmod math.frexp math.ldexp math.log math.log10 math.max math.min
  math.modf math.pow math.rad math.sin math.sinh math.sqrt math.tan math.tanh
  bit.arshift bit.band bit.bnot bit.bor bit.bswap bit.bxor bit.lshift bit.rol bit.ror bit.rshift
  bit.tobit bit.tohex
  table.concat table.maxn type tostring tonumber error rawequal os.difftime
  weir.meta weir.to_table]])

local harmless = set([[
  math.random os.time os.date os.clock os.getenv print collectgarbage weir.now weir.random
  weir.log]])

-- Give one of their arguments, or what is in one.
local passing = set("assert select weir.coalesce")
local reading = set("unpack rawget")

-- Change their first argument.
local changing = set("table.insert table.remove table.sort")

-- Which arguments they call, if those are functions.
local calling = {
  ["string.gsub"] = { 3 },
  ["table.sort"] = { 2 },
  pcall = { 1 },
  xpcall = { 1, 2 },
}

local function joined(arguments, first)
  local all
  for i = first or 1, #arguments do
    all = kind.join(all, arguments[i])
  end
  return all or "own"
end

-- Clears functions that a builtin may call with whatever it has: all known ones, and
-- what it does call must be known.
local function clear(flow, name, arguments, line)
  for _, argument in ipairs(arguments) do
    if type(argument) == "table" and argument.fn then
      flow:follow(argument.fn, { "shared", "shared", "shared", "shared" }, line)
    elseif type(argument) == "table" and argument.builtin then
      M.call(flow, argument.builtin, { "shared" }, line)
    end
  end
  for _, place in ipairs(calling[name] or {}) do
    if arguments[place] == "shared" then
      flow:problem(line, true, "passes what may be a function to %s", name)
    end
  end
end

local function iterate(flow, name, arguments, line)
  local over = arguments[1] or "own"
  if name == "string.gmatch" then
    return { iter = "own" }
  elseif name ~= "ipairs" and over ~= "record" then
    flow:problem(line, false, "goes through a table in an order that is not everywhere the same")
  end
  return { iter = flow:element(over) }
end

local iterators = set("pairs ipairs string.gmatch")

--- What a builtin gives, and what is wrong with calling it.
function M.call(flow, name, arguments, line)
  local first = arguments[1] or "own"
  clear(flow, name, arguments, line)
  if changing[name] then
    if not kind.may_change(first) then
      flow:change(line, true, "changes a table that it did not make, by %s", name)
    end
    flow:taint_with(joined(arguments, 2))
    return flow:element(first)
  elseif iterators[name] then
    return iterate(flow, name, arguments, line)
  elseif pure[name] or name == "string.gsub" then
    return "own"
  elseif passing[name] then
    return joined(arguments)
  elseif reading[name] then
    return flow:element(first)
  elseif name == "pcall" or name == "xpcall" then
    return "shared"
  end
  flow:problem(line, not harmless[name], "calls %s", name)
  return harmless[name] and "own" or "shared"
end

return M
