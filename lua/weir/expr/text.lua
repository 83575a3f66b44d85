--- Text expressions: `"status >= 500 and not path ~ '^/health'"`.
--
-- compile : text -> { kind = "text", text, where, tree, source, constants, fn }
--
-- The grammar is that of weir.expr.grammar, the meaning that of weir.expr.ops:
-- comparing a missing or null field is false (`!=` too), arithmetic on it gives null,
-- `and`, `or`, `not` take it as false, `is null` is true of both, `exists` of null
-- only. Text and numbers are never equal, and ordering them is an error.
--
--     local slow = text.compile("wait_ms > 250", "traffic.lua:7")
--     slow.fn({ wait_ms = 300 })  --> true

local M = {}

local known = {} -- by text: the source of its tree

local SIZE_MAX = 16 * 1024 -- bytes of one expression
local SHOWN_MAX = 72 -- bytes of the line shown above a caret

-- What people write from other languages, and what it is here.
local foreign = {
  { "^=~", "write ~ with a quoted Lua pattern" },
  { "^=", "write == to compare" },
  { "^!%f[^!=~]", "write != or not" },
  { "^!~", "write not (a ~ 'pattern')" },
  { "^!", "write not" },
  { "^&&", "write and" },
  { "^||", "write or" },
  { "^~=", "write !=" },
  { "^like%f[%W]", "write ~ with a Lua pattern, or contains" },
  { "^matches%f[%W]", "write ~ with a Lua pattern" },
  { "^%^", "write pow(a, b)" },
  { "^:", "call functions as in lower(x)" },
  { "^[<>=!~]", "comparisons cannot be chained; join them with and" },
  { "^%?", "write a and b or c" },
}

local function foreign_hint(rest)
  for _, entry in ipairs(foreign) do
    if rest:find(entry[1]) then
      return entry[2]
    end
  end
end

-- The line of the text with the position, and a caret under it.
local function picture(text, at)
  local first = 1
  for newline in text:sub(1, at - 1):gmatch("()\n") do
    first = newline + 1
  end
  local line = text:sub(first):match("^[^\n]*")
  local column = at - first
  if #line > SHOWN_MAX then
    local from = math.max(0, column - math.floor(SHOWN_MAX / 2))
    line, column = line:sub(from + 1, from + SHOWN_MAX), column - from
  end
  local before = line:sub(1, column):gsub("[^\t]", " ")
  return ("\n  %s\n  %s^"):format(line, before)
end

local function report(text, where, at, message)
  local place = where and where .. ": " or ""
  return place .. message .. picture(text, at)
end

local function wanted(failure, text)
  if failure.deep then
    return "the expression is nested too deep"
  end
  local labels = {}
  for label in pairs(failure.expected) do
    labels[#labels + 1] = label
  end
  table.sort(labels)
  local rest = text:sub(failure.at)
  local found = rest == "" and "the end" or "`" .. (rest:match("^[%w_]+") or rest:sub(1, 1)) .. "`"
  local after_less = text:sub(failure.at - 1, failure.at) == "<>"
  local hint = after_less and "write !=" or foreign_hint(rest)
  hint = hint and "; " .. hint or ""
  return ("expected %s, found %s%s"):format(table.concat(labels, " or "), found, hint)
end

local function check(text)
  if type(text) ~= "string" then
    return "a text expression must be text, not a " .. type(text)
  elseif #text > SIZE_MAX then
    return ("a text expression may have %d bytes, not %d"):format(SIZE_MAX, #text)
  elseif not text:find("%S") then
    return "a text expression is empty; a field name is the shortest one"
  end
end

local function load_function(source, constants, where)
  local chunk = "local T, K = ...\nreturn function(r) return " .. source .. " end"
  local made = load(chunk, "=" .. (where or "(text expression)"), "t", {})
  return made and made(require("weir.expr.ops"), constants)
end

--- Gives the trees of texts that another state has read: loading the grammar takes as
-- long as loading all that runs a small pipeline.
---@param trees table<string, string>  by text: the tree, as weir.lib.literal writes it
function M.know(trees)
  known = trees
end

local function parse(text)
  if known[text] then
    return loadstring("return " .. known[text])()
  end
  return require("weir.expr.grammar").parse(text)
end

--- Compiles a text expression.
--
-- Errors  nil and a message that shows the text with a caret where it stopped making
--         sense, what was expected there, and the nearest name.
---@param text string
---@param where string?  "file:line" of the script, for messages
---@return table? expr
---@return string? message
function M.try(text, where)
  local bad = check(text)
  if bad then
    return nil, (where and where .. ": " or "") .. bad
  end
  local tree, failure = parse(text)
  if not tree then
    return nil, report(text, where, failure.at, wanted(failure, text))
  end
  local emit = require("weir.expr.emit") -- many scripts have no texts
  local ok, source, constants = pcall(emit.emit, tree, { text = text, where = where })
  if not ok then
    if type(source) ~= "table" then
      error(source, 0)
    end
    return nil, report(text, where, source.at, source.message)
  end
  local fn = load_function(source, constants, where)
  if not fn then
    return nil, report(text, where, 1, "the expression is too long for one; use a lambda")
  end
  return {
    kind = "text",
    text = text,
    where = where,
    tree = tree,
    source = source,
    constants = constants,
    fn = fn,
  }
end

--- The same, raising the message instead; `where` is in it, so no level is added.
---@param text string
---@param where string?
function M.compile(text, where)
  local expr, message = M.try(text, where)
  if not expr then
    error(message, 0)
  end
  return expr
end

return M
