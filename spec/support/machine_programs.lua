--- Programs and records by chance, for the column machine.

local null = require("weir.lib.null").null

local M = {}

local FIELDS = { "a", "bb", "u", "status", "path", "a_long_name_beyond_one_vector", "new" }
M.FIELDS = FIELDS

local TWO = { "add", "sub", "mul", "div", "mod", "min", "max", "band", "bor", "bxor",
  "lshift", "rshift", "arshift", "concat", "bytes", "byte", "find" }
local ONE = { "neg", "not", "floor", "ceil", "abs", "sqrt", "bnot", "length", "lower", "upper",
  "tostring", "tonumber", "byte" }
local SEARCHES = { "starts", "ends", "contains", "matches", "match", "find" }
local PATTERNS = { "^(.*)/", "^/[^/]*", "^([^?]*)", "%d+", "b", "()b", "^b(.)", "(a)(.-)$",
  "^a[^/]*", "[^/]*$", ".", "", "^(.*)b" }
local BRANCHES = { "if_lt", "if_le", "if_eq", "if_ne", "if_true" }
local NO_LENIENT = { band = true, bor = true, bxor = true, bnot = true, lshift = true,
  rshift = true, arshift = true }
local TESTS = { starts = true, ends = true, contains = true, matches = true }

local function pick(list)
  return list[math.random(#list)]
end

local CONSTANTS = { 0, 1, -1, 2, 10, 500, 0.5, 3.25, 1e15, 2 ^ 53, "b", "/", "", "aé", "x\"y", "12",
  null, true, false }

local Maker = {}
Maker.__index = Maker

function Maker:add(instruction)
  self.list[#self.list + 1] = instruction
end

local function constant()
  if math.random(20) == 1 then
    return {}
  end
  return { k = pick(CONSTANTS) }
end

local function operand()
  return math.random(3) == 1 and constant() or math.random(0, 5)
end

local function is_lenient(op)
  return TESTS[op] or (not NO_LENIENT[op] and math.random(4) == 1) or nil
end

function Maker:compute()
  local kind = math.random(3)
  local to = math.random(0, 5)
  if kind == 1 then
    local op = pick(TWO)
    self:add({ op = op, to = to, a = operand(), b = operand(), plain = op == "find" or nil,
      lenient = is_lenient(op) })
  elseif kind == 2 then
    local op = pick(ONE)
    self:add({ op = op, to = to, a = operand(), lenient = is_lenient(op),
      b = op == "byte" and { k = 1 } or nil })
  else
    local op = pick(SEARCHES)
    self:add({ op = op, to = to, a = math.random(0, 5), b = { k = pick(PATTERNS) },
      lenient = is_lenient(op) })
  end
end

function Maker:get()
  local of = math.random(6) == 1 and math.random(0, 5) or nil
  self:add({ op = "get", to = math.random(0, 5), field = pick(FIELDS), of = of,
    lenient = of and math.random(2) == 1 or nil })
end

-- Members of one object, which stays in a register that others seldom read.
local OBJECT = 20

function Maker:members(depth, ends)
  self:add({ op = "get", to = OBJECT, field = pick(FIELDS) })
  for _ = 1, math.random(1, 3) do
    if depth > 0 and math.random(4) == 1 then
      self:branch(depth, ends)
    elseif math.random(12) == 1 then
      self:add({ op = "move", to = math.random(0, 5), a = OBJECT })
    end
    self:add({ op = "get", to = math.random(0, 5), field = pick(FIELDS), of = OBJECT,
      lenient = math.random(6) > 1 or nil })
  end
end

function Maker:branch(depth, ends)
  local other, after = self.labels + 1, self.labels + 2
  self.labels = after
  local op = pick(BRANCHES)
  self:add({ op = op, a = operand(), b = op ~= "if_true" and operand() or nil, label = other,
    negate = math.random(2) == 1 or nil, lenient = math.random(3) == 1 or nil })
  self:block(depth - 1, ends)
  self:add({ op = "jump", label = after })
  self:add({ op = "label", label = other })
  self:block(depth - 1, ends)
  self:add({ op = "label", label = after })
end

function Maker:block(depth, ends)
  for _ = 1, math.random(0, 4) do
    local kind = math.random(10)
    if kind <= 3 then
      self:get()
    elseif kind == 4 and math.random(2) == 1 then
      self:members(depth, ends)
    elseif kind <= 7 then
      self:compute()
    elseif kind == 8 and ends ~= "filter" then
      self:add({ op = "set", field = pick(FIELDS), a = operand() })
    elseif depth > 0 then
      self:branch(depth, ends)
    end
  end
  if depth < 2 and math.random(5) == 1 then
    self:add({ op = ends, a = ends == "filter" and operand() or nil })
  end
end

local function some_fields()
  local names, seen = {}, {}
  for _ = 1, math.random(0, 4) do
    local name = pick(FIELDS)
    if not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  end
  return names
end

function Maker:select()
  local names, values = some_fields(), {}
  for i, name in ipairs(names) do
    values[i] = 5 + i
    self:add({ op = "get_json", to = 5 + i, field = name })
  end
  self:add({ op = "make", names = names, values = values, selects = true })
end

function Maker:make()
  local names, values = some_fields(), {}
  table.sort(names)
  for i in ipairs(names) do
    values[i] = operand()
  end
  self:add({ op = "make", names = names, values = values })
end

-- What a lambda knows of does not outlive it.
function Maker:begin(number)
  self:add({ op = "stage", stage = number })
  for register = 0, 5 do
    self:add({ op = "move", to = register, a = constant() })
  end
end

function Maker:stage(number)
  self:begin(number)
  local kind = math.random(5)
  if kind == 1 then
    self:select()
  elseif kind == 2 then
    self:block(2, "filter")
    self:add({ op = "filter", a = operand() })
  elseif kind == 3 then
    self:get()
    self:make()
  else
    self:block(2, "end")
  end
end

--- A sound program of a few stages.
function M.program()
  local self = setmetatable({ list = {}, labels = 0 }, Maker)
  for number = 0, math.random(0, 2) do
    self:stage(number)
  end
  if math.random(3) == 1 then
    self:begin(3)
    self:get()
    self:add({ op = "give", column = 0, a = operand() })
    self:add({ op = "give", column = 1, a = operand() })
  end
  return self.list
end

local NUMBERS = { "0", "-0", "7", "499", "500", "-12.5", "3.14159", "1e3", "9007199254740993",
  "9007199254740992", "18446744073709551615", "123456789012345678901234567890", "0.1", "1e400",
  "1E-7", "01", "1.", "-", "12345678901234.5", "0.30000000000000004" }
local TEXTS = { '""', '"b"', '"/a/b?c"', '"aé/b"', '"x\\"y"', '"\\u00e9\\n"', '"12"', '" 12"',
  '"\\ud800"', '"a long text of many bytes, /slashes/ and more"', '"\1"', '"B/Äb"', '"日本/b"' }
local WORDS = { "true", "false", "null", "tru", "nul" }
local KEYS = { '"a"', '"bb"', '"u"', '"status"', '"path"', '"z"',
  '"a_long_name_beyond_one_vector"' }

local function blank(clean)
  return not clean and math.random(15) == 1 and pick({ " ", "\t", "  " }) or ""
end

local function value(depth, clean)
  local kind = math.random(depth > 0 and 9 or 7)
  if kind <= 3 then
    return NUMBERS[math.random(clean and 8 or #NUMBERS)]
  elseif kind <= 5 then
    return TEXTS[math.random(clean and 5 or #TEXTS)]
  elseif kind == 6 then
    return WORDS[math.random(clean and 3 or #WORDS)]
  elseif kind == 7 then
    return "[1,[2,\"b\"]]"
  end
  return M.object(depth - 1, clean)
end

--- The text of an object that a scan takes; clean: one that is JSON, too, and tidy.
function M.object(depth, clean)
  local members, seen = {}, {}
  for _ = 1, math.random(0, 7) do
    local key = not clean and math.random(40) == 1 and '"\\u0061"' or pick(KEYS)
    if not (clean and seen[key]) then
      seen[key] = true
      members[#members + 1] = blank(clean) .. key .. blank(clean) .. ":" .. blank(clean)
        .. value(depth, clean) .. blank(clean)
    end
  end
  return "{" .. table.concat(members, ",") .. "}"
end

local CELLS = { "ABSENT", "NULL", "FALSE", "TRUE", "NUMBER", "TEXT", "JSON" }
local CELL_TEXTS = { "", "b", "/a/b?c", "x\"y", "aé/b", "12", "a\tb" }

--- One cell: the name of its kind and its text.
function M.cell()
  local kind = pick(CELLS)
  if kind == "NUMBER" then
    return kind, pick(NUMBERS)
  elseif kind == "TEXT" then
    return kind, pick(CELL_TEXTS)
  elseif kind == "JSON" then
    return kind, value(2, true)
  end
  return kind, ""
end

return M
