--- The grammar of patterns: text in, parts out, as they stand there.
--
--     pattern  <- sequence !.
--     sequence <- (literal / '%%' / capture / class / group)*
--     literal  <- [^%]+
--     capture  <- '%{' NAME (':' FIELD (':' type)? '?'?)? '}'
--     type     <- 'string' / 'integer' / 'number' / 'boolean'
--     class    <- '%[' '^'? (byte '-' byte / byte)+ ']' repeat?
--     repeat   <- '?' / '*' / '+' / '{' count (',' count?)? '}'
--     group    <- '%(' sequence ('%|' sequence)* '%)' '?'?
--     byte     <- '\'? any ASCII character; '\' takes the special meaning away
--
-- So a `%` begins everything that is not itself; all else stands for itself. (A `?`
-- or `{` meant literally right behind a class or group is written `%[?]`, `%[{]`.)
--
-- A part is a table with `kind` and `at`, its place in the text:
--     text     text                      class   members, negated, repeats = { least, most }
--     capture  name, field, type, may_miss, and their places name_at, field_at, type_at
--     group    branches, optional

local lpeg = require("lpeg")

local M = {}

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cc, Cg, Cp, Ct = lpeg.C, lpeg.Cc, lpeg.Cg, lpeg.Cp, lpeg.Ct
local Cmt, Carg = lpeg.Cmt, lpeg.Carg

local TEXT_MAX = 64 * 1024

--- Raises what is wrong at a place of a pattern's text, as a table.
function M.fail(text, at, message, ...)
  error({ text = text, at = at, message = message:format(...) }, 0)
end

-- Matches nothing and raises: what stands here had to be something else.
local function wrong(message)
  return Cmt(Carg(1), function(_, at, text)
    M.fail(text, at, "%s", message)
  end)
end

local function expect(pattern, message)
  return pattern + wrong(message)
end

local function node(kind, pattern)
  return Ct(Cg(Cc(kind), "kind") * Cg(Cp(), "at") * pattern)
end

local name = C((R("az", "AZ") + "_") * (R("az", "AZ", "09") + "_") ^ 0)
local field = Cg(Cp(), "field_at") * Cg(expect(name, "a field's name was expected"), "field")
local kind = Cg(Cp(), "type_at") * Cg(expect(name, "a type was expected"), "type")
local missing = Cg(P("?") * Cc(true), "may_miss")

local capture = P("%{")
  * Cg(Cp(), "name_at")
  * Cg(expect(name, "a pattern's name was expected"), "name")
  * (":" * field * (":" * kind) ^ -1 * missing ^ -1) ^ -1
  * expect("}", "'}' was expected")

local byte = P("\\") * C(R("\0\127")) + C(R("\0\127") - S("]\\")) + R("\128\255")
  * wrong("a class is of ASCII characters")
local range = byte * "-" * byte / function(first, last)
  return { first, last }
end
local class = P("%[")
  * Cg(P("^") * Cc(true), "negated") ^ -1
  * Cg(Ct((range + byte) ^ 1 + wrong("a class needs a character")), "members")
  * expect("]", "']' was expected")

local count = R("09") ^ 1 / tonumber
local times = count * ("," * (count + Cc(false))) ^ -1
local repeats = P("?") * Cc(0, 1)
  + P("*") * Cc(0, false)
  + P("+") * Cc(1, false)
  + P("{") * expect(times, "a count was expected") * expect("}", "'}' was expected")

local grammar = P({
  V("sequence") * (P(-1) + wrong("this is outside any group")),
  sequence = Ct((V("literal") + V("capture") + V("class") + V("group") + V("lost")) ^ 0),
  literal = node("text", Cg((C((P(1) - "%") ^ 1) + P("%%") * Cc("%")), "text")),
  capture = node("capture", capture),
  class = node("class", class * Cg(Ct(repeats), "repeats") ^ -1),
  group = node("group", P("%(")
    * Cg(Ct(V("sequence") * (P("%|") * V("sequence")) ^ 0), "branches")
    * expect("%)", "the group is not closed with '%)'")
    * Cg(P("?") * Cc(true), "optional") ^ -1),
  lost = P("%") * -S("|)") * wrong("'%' begins %{NAME}, %[class], %(group%) or %%"),
})

--- What a pattern's text is made of, its names not looked up yet.
function M.read(text)
  if #text > TEXT_MAX then
    M.fail(text:sub(1, 60), 1, "longer than %d bytes", TEXT_MAX)
  end
  local newline = text:find("\n", 1, true)
  if newline then
    M.fail(text, newline, "a line has no newline in it")
  end
  return grammar:match(text, 1, text)
end

return M
