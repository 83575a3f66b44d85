--- Loads user source so that it runs on fuel.
--
-- The source is compiled as it is first, so that syntax errors are the user's own.
-- Then a charge is put, on the same line, where nothing can run for long without
-- passing:
--
--     do, repeat                       ->  do CHARGE           every turn of a loop
--     function name ( parameters )     ->  ... ) CHARGE        every call
--     goto name                        ->  CHARGE goto name
--
-- A hook would cost less source, but compiled loops never call one. The charge names
-- a local that user source cannot, since it may not use names that start so.
-- What was compiled first is kept, for whoever reads the bytecode of a function (twins.lua).
--
--     local chunk, message = loader.load(source, "@traffic.lua", env)

local fuel = require("weir.expr.fuel")
local lexer = require("weir.expr.lexer")
local twins = require("weir.expr.twins")

local M = {}

M.cell = fuel.cell
M.refill = fuel.refill
M.spent = fuel.spent

local PREFIX = "weir__"
local CELL = PREFIX .. "fuel"
local DECOY = PREFIX .. "decoy"
local CHARGE = (" D.left=0 F.left=F.left-1 if F.left<0 then F() end "):gsub("%u",
  { D = DECOY, F = CELL })
local BYTECODE = "\27"

local before, after = { ["goto"] = true }, { ["do"] = true, ["repeat"] = true }

-- What people write from other languages: part of the message, part of the line.
local foreign = {
  { "near '!'", nil, "Lua writes not equal as ~=, and not for !" },
  { "near '&'", nil, "Lua writes and" },
  { "near '|'", nil, "Lua writes or" },
  { "'then' expected near '='", nil, "Lua compares with ==" },
  { "near '='", "[%+%-%*/%.]=", "Lua writes x = x + 1" },
  { "near '[%+%-%*/]'", "[%+%-%*/]=", "Lua writes x = x + 1" },
  { "near '%+'", "%+%+", "Lua writes x = x + 1" },
  { "near '%?'", nil, "Lua writes a and b or c" },
  { "near '{'", "%)%s*{", "Lua opens a block with then or do" },
  { "near '/'", "//", "Lua's comments start with --" },
  { "near '<eof>'", nil, "an end or a bracket is missing" },
  { "near 'if'", "else%s+if", "Lua writes elseif" },
}

local function line_of(text, number)
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number - 1
    if number == 0 then
      return line
    end
  end
  return ""
end

local function with_hint(message, text)
  local line = line_of(text, tonumber(message:match(":(%d+): ")) or 0)
  for _, entry in ipairs(foreign) do
    if message:find(entry[1]) and (not entry[2] or line:find(entry[2])) then
      return ("%s (%s)"):format(message, entry[3])
    end
  end
  return message
end

local function chunk_place(chunkname, text, at)
  local _, newlines = text:sub(1, at):gsub("\n", "")
  local name = chunkname:gsub("^[@=]", "")
  return ("%s:%d: "):format(name, newlines + 1)
end

-- LuaJIT skips a first line that starts with #, but only at the very start.
local function without_header(text)
  local rest = text:gsub("^\239\187\191", "")
  return (rest:gsub("^#[^\r\n]*", ""))
end

local function refuse_name(word)
  if word:sub(1, #PREFIX) == PREFIX then
    return ("names that start with %s belong to weir; choose another than %s"):format(PREFIX, word)
  end
end

local function refuse_number(number)
  if number:find("[iIuUlL]") then
    return ("%s: numbers with LL, ULL or i are not part of weir; integers of records are exact "
      .. "without"):format(number)
  end
end

-- goto may also be a variable's name in LuaJIT; a charge before such a one would be in
-- the middle of an expression. It is a statement where a statement may start.
local ends_statement = {}
for word in ("; ) ] } :: ... do then else repeat end break true false nil"):gmatch("%S+") do
  ends_statement[word] = true
end
local continues = {}
for word in ("and or not in if elseif while until return local function for goto"):gmatch("%S+") do
  continues[word] = true
end

local function may_start_after(kind, word, text, last)
  if kind == "name" then
    return not continues[word]
  elseif kind == "symbol" then
    return ends_statement[word] or ends_statement[text:sub(last - 1, last)]
      or ends_statement[text:sub(last - 2, last)] or false
  end
  return true
end

local function refusal(kind, word, text, last, fresh)
  if kind == "number" then
    return refuse_number(word)
  elseif kind == "name" and word == "goto" then
    local follows = lexer.next(text, last + 1)
    return not (fresh and follows == "name") and "goto cannot be a name here" or nil
  elseif kind == "name" then
    return refuse_name(word)
  end
end

--- Puts the charges in. Gives nil, a message and a position for refused source.
---@param text string  valid Lua
function M.rewrite(text)
  local parts, copied = {}, 0
  local in_parameters, fresh = false, true
  local function put(at)
    parts[#parts + 1] = text:sub(copied + 1, at)
    parts[#parts + 1] = CHARGE
    copied = at
  end
  local kind, first, last = lexer.next(text, 1)
  while kind do
    local word = text:sub(first, last)
    local refused = refusal(kind, word, text, last, fresh)
    if refused then
      return nil, refused, first
    elseif kind == "name" and before[word] then
      put(first - 1)
    elseif kind == "name" and after[word] then
      put(last)
    elseif kind == "name" and word == "function" then
      in_parameters = true
    elseif in_parameters and word == ")" then
      in_parameters = false
      put(last)
    end
    if kind ~= "comment" then
      fresh = may_start_after(kind, word, text, last)
    end
    kind, first, last = lexer.next(text, last + 1)
  end
  parts[#parts + 1] = text:sub(copied + 1)
  return table.concat(parts)
end

--- Loads source into an environment. Bytecode is refused.
---@param text string
---@param chunkname string  "@traffic.lua"
---@param env table
---@return function?
---@return string? message  with file and line
function M.load(text, chunkname, env)
  local body = without_header(text)
  if body:find("^%s*" .. BYTECODE) then
    return nil, chunk_place(chunkname, "", 0) .. "this is bytecode; weir loads source only"
  end
  local plain, message = load(text, chunkname, "t", env)
  if not plain then
    return nil, with_hint(message, text)
  end
  text = body
  local source, refused, at = M.rewrite(text)
  if not source then
    return nil, chunk_place(chunkname, text, at) .. refused
  end
  source = ("local %s,%s=... return function(...)%s%s\nend"):format(CELL, DECOY, CHARGE, source)
  local wrapped
  wrapped, message = load(source, chunkname, "t", env)
  if not wrapped then
    return nil, message
  end
  local charged = wrapped(fuel.cell, fuel.decoy)
  twins.pair(charged, plain, env)
  return charged
end

return M
