--- Cuts Lua source into tokens, as LuaJIT's own lexer does.
--
--     token   <- name / number / string / long / comment / symbol
--     name    <- [A-Za-z_\128-\255] [A-Za-z0-9_\128-\255]*
--     number  <- ('.'? [0-9]) (name byte / '.' / [+-] after the exponent's letter)*
--     string  <- '"' ('\' . / [^"\])* '"'                  and the same with '
--     long    <- '[' '='^n '[' .* ']' '='^n ']'
--     comment <- '--' long / '--' [^\r\n]*
--     symbol  <- one other byte
--
-- It trusts that the source compiles: it finds where tokens end in valid source and
-- need not tell what is wrong with other.

local M = {}

local find, byte = string.find, string.byte

local NAME = "^[%a_\128-\255][%w_\128-\255]*"
local WORD_OR_DOT = "^[%w_.\128-\255]*"

-- The last byte of a long bracket that starts at `at`, or nil if none does.
local function long_end(text, at)
  local _, open, level = find(text, "^%[(=*)%[", at)
  if not open then
    return nil
  end
  local _, close = find(text, "]" .. level .. "]", open + 1, true)
  return close or #text
end

local function string_end(text, at)
  local quote = byte(text, at)
  local i = at + 1
  while true do
    i = find(text, "[\\'\"]", i)
    if not i then
      return #text
    end
    local found = byte(text, i)
    if found == quote then
      return i
    end
    i = i + (found == 92 and 2 or 1) -- a backslash takes its byte along
  end
end

local function number_end(text, at)
  local sign_after = find(text, "^0[xX]", at) and "^[pP][+-]" or "^[eE][+-]"
  local _, last = find(text, WORD_OR_DOT, at)
  while find(text, sign_after, last) do
    _, last = find(text, WORD_OR_DOT, last + 2)
  end
  return last
end

local function comment_end(text, at)
  local last = long_end(text, at + 2)
  return last or (find(text, "[\r\n]", at + 2) or #text + 1) - 1
end

--- The token that starts at or after `at`.
---@param text string
---@param at integer
---@return string? kind  "name" "number" "string" "comment" "symbol"; nil at the end
---@return integer first
---@return integer last
function M.next(text, at)
  local first = find(text, "[^%s]", at)
  if not first then
    return nil, #text + 1, #text
  end
  local _, last = find(text, NAME, first)
  if last then
    return "name", first, last
  elseif find(text, "^%.?%d", first) then
    return "number", first, number_end(text, first)
  elseif find(text, "^%-%-", first) then
    return "comment", first, comment_end(text, first)
  elseif find(text, "^['\"]", first) then
    return "string", first, string_end(text, first)
  elseif find(text, "^%[=*%[", first) then
    return "string", first, long_end(text, first)
  end
  return "symbol", first, first
end

return M
