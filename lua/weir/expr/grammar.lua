--- The grammar of text expressions: text in, tree out.
--
--     text    <- or !.
--     or      <- and ('or' and)*
--     and     <- not ('and' not)*
--     not     <- 'not' not / compare
--     compare <- concat (order concat / 'not'? 'in' list / 'is' 'not'? 'null')?
--     order   <- '==' / '!=' / '<=' / '<' / '>=' / '>' / '~'
--              / 'contains' / 'starts_with' / 'ends_with'
--     list    <- '(' or (',' or)* ')'
--     concat  <- sum ('..' concat)?
--     sum     <- product (('+' / '-') product)*
--     product <- unary (('*' / '/' / '%') unary)*
--     unary   <- '-' unary / 'exists' (path / '(' path ')') / value
--     value   <- NUMBER / STRING / 'true' / 'false' / 'null' / call / '@' NAME step*
--              / path / '(' or ')'
--     call    <- (('string' / 'math') '.')? NAME '(' (or (',' or)*)? ')'
--     path    <- (NAME / '[' STRING ']') step*
--     step    <- '.' NAME / '[' (NUMBER / STRING) ']'
--
-- It binds as Lua does, but for `not`, which takes a whole comparison as in SQL:
-- `not a == b` is what one who writes it means.
--
-- A tree is made of tables with `kind` and `at`, `past` (its place in the text):
--     constant  value                     field    path = { "a", "b", 1 }
--     meta      path = { "peer" }         call     name, family, arguments
--     not       operand                   negate   operand
--     and, or, concat  left, right        arithmetic, order, equal, text   op, left, right
--     in        operand, list, negated    null     operand, negated
--     exists    operand (a field or meta)

local lpeg = require("lpeg")

local M = {}

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cc, Cf, Cg, Cp, Ct = lpeg.C, lpeg.Cc, lpeg.Cf, lpeg.Cg, lpeg.Cp, lpeg.Ct
local Carg, Cmt = lpeg.Carg, lpeg.Cmt

local reserved = {}
for one in ("and or not in is exists contains starts_with ends_with true false null")
  :gmatch("%S+") do
  reserved[one] = true
end

-- What could have stood at the furthest place that was reached is what a message
-- tells. `progress` is { at =, expected = { label = true } }.
local function miss(_, at, progress, label)
  if at > progress.at then
    progress.at, progress.expected = at, {}
  end
  if at == progress.at then
    progress.expected[label] = true
  end
  return false
end

local function expected(label)
  return Cmt(Carg(1) * Cc(label), miss)
end

local space = S(" \t\r\n") ^ 0
local letter = R("az", "AZ", "\128\255") + P("_")
local digit = R("09")
local word = C(letter * (letter + digit) ^ 0)

local function symbol(text, but_not)
  local pattern = P(text)
  if but_not then
    pattern = pattern - P(but_not)
  end
  return pattern * space
end

local function keyword(text)
  return P(text) * -(letter + digit) * space
end

local any_name = word * space
local name = Cmt(word, function(_, at, text)
  return not reserved[text] and at, text
end) * space

local exponent = S("eE") * S("+-") ^ -1 * digit ^ 1
local hexadecimal = P("0") * S("xX") * R("09", "af", "AF") ^ 1
local fraction = P(".") * -P(".") * digit ^ 0
local decimal = (digit ^ 1 * fraction ^ -1 + P(".") * digit ^ 1) * exponent ^ -1
local number = C(hexadecimal + decimal) * -(letter + digit) * space

-- A backslash that starts no escape stays, since text has them: 'C:\\logs' as 'C:\logs'.
local escapes = {
  ["\\n"] = "\n", ["\\t"] = "\t", ["\\r"] = "\r", ["\\0"] = "\0",
  ["\\\\"] = "\\", ["\\'"] = "'", ['\\"'] = '"',
}
local escaped = P("\\") * P(1) / escapes
local function quoted(quote)
  local plain = C((P(1) - S(quote .. "\\")) ^ 1)
  local body = lpeg.Cs((escaped + plain) ^ 0)
  return P(quote) * body * (P(quote) + expected("a closing " .. quote)) * space
end
local text = quoted("'") + quoted('"')

local function node(kind, pattern)
  return Ct(Cg(Cp(), "at") * Cg(Cc(kind), "kind") * pattern * Cg(Cp(), "past"))
end

-- left op right op right: leaning left.
local function chain(operand, operator)
  local rest = Cg(operator * (operand + expected("a value")))
  return Cf(operand * rest ^ 0, function(left, made, right)
    return {
      kind = made.kind,
      op = made.op,
      left = left,
      right = right,
      at = left.at,
      past = right.past,
    }
  end)
end

local function op(kind, pattern)
  return Ct(Cg(Cc(kind), "kind") * Cg(C(pattern) * space, "op"))
end

local function op_word(kind, text_)
  return Ct(Cg(Cc(kind), "kind") * Cg(C(P(text_)) * -(letter + digit) * space, "op"))
end

local function join(left, tail)
  if not tail then
    return left
  end
  tail.at = left.at
  if tail.left == false then
    tail.left = left
  else
    tail.operand = left
  end
  return tail
end

-- The second half of a comparison; `join` puts the first half in.
local function tail(kind, pattern)
  return Ct(Cg(Cc(kind), "kind") * pattern * Cg(Cp(), "past"))
end

local function binary_tail(made, right, past)
  return { kind = made.kind, op = made.op, left = false, right = right, past = past }
end

local operand = V("concat") + expected("a value")
local order = op("equal", P("==") + P("!=")) + op("order", P("<=") + "<" + ">=" + ">")
  + op("text", P("~") - P("~=")) + op_word("text", "contains")
  + op_word("text", "starts_with") + op_word("text", "ends_with")
local close = symbol(")") + expected(")")
local item = V("or") + expected("a value")
local list = (symbol("(") + expected("a list such as (1, 2)"))
  * Ct(item * (symbol(",") * item) ^ 0) * close
local negated = Cg(keyword("not") * Cc(true), "negated") ^ -1
local closing = symbol("]") + expected("]")

local step = symbol(".", "..") * (any_name + expected("a field name"))
  + symbol("[") * (number / tonumber + text + expected("an index or a quoted name")) * closing
local qualifier = C(P("string") + P("math")) * space * symbol(".")

local grammar = P({
  "text",
  text = space * (V("or") + expected("a value")) * (-P(1) + expected("the end")),
  ["or"] = chain(V("and"), op_word("or", "or")),
  ["and"] = chain(V("not"), op_word("and", "and")),
  ["not"] = node("not", keyword("not") * Cg(V("not") + expected("a value"), "operand"))
    + V("compare"),
  compare = V("concat") * (
    order * operand * Cp() / binary_tail
    + tail("in", negated * keyword("in") * Cg(list, "list"))
    + tail("null", keyword("is") * negated * (keyword("null") + expected("null")))
    + expected("an operator")
  ) ^ -1 / join,
  concat = (V("sum") * (op("concat", P("..")) * operand * Cp() / binary_tail) ^ -1) / join,
  sum = chain(V("product"), op("arithmetic", S("+-"))),
  product = chain(V("unary"), op("arithmetic", S("*/%"))),
  unary = node("negate", symbol("-") * Cg(V("unary") + expected("a value"), "operand"))
    + node("exists", keyword("exists") * Cg(V("presence") + expected("a field name"), "operand"))
    + V("value"),
  presence = V("path") + V("meta") + symbol("(") * (V("path") + V("meta")) * close,
  value = node("constant", Cg(number, "number"))
    + node("constant", Cg(text, "value"))
    + node("constant", keyword("true") * Cg(Cc(true), "value"))
    + node("constant", keyword("false") * Cg(Cc(false), "value"))
    + node("constant", keyword("null"))
    + V("call") + V("meta") + V("path")
    + symbol("(") * item * close,
  call = node("call", Cg(qualifier, "family") ^ -1 * Cg(name, "name") * symbol("(")
    * Cg(Ct((V("or") * (symbol(",") * item) ^ 0) ^ -1), "arguments") * close),
  meta = node("meta", P("@") * Cg(Ct((any_name + expected("a name")) * step ^ 0), "path")),
  path = node("field", Cg(Ct((name + symbol("[") * text * closing) * step ^ 0), "path")),
})

--- Parses a text expression.
---@param source string
---@return table? tree
---@return table? failure  `{ at = <position>, expected = { <label> = true } }`
function M.parse(source)
  local progress = { at = 1, expected = {} }
  local ok, tree = pcall(lpeg.match, grammar, source, 1, progress)
  if not ok then
    return nil, { at = progress.at, expected = {}, deep = true }
  end
  if not tree then
    return nil, progress
  end
  return tree
end

return M
