--- Patterns for lines: text in, program for the engine out.
--
--     %{IP:client} %{WORD:user?} [%{HTTPDATE:time}] %(%{INT:bytes:integer}%|none%)
--
-- A `%` begins everything that is not itself; all else stands for itself. `%{NAME}` is
-- a pattern by its name, `%[a-z]+` a class, `%(a%|b%)` alternatives, `%(a%)?` a part that
-- may be left out, `%%` a percent sign. `pattern/grammar.lua` has the whole grammar.
--
-- NAME is one of `pattern/names.lua` or of `define`, whose values are patterns as well. A
-- field takes what its name matched, as text or as the type says. With a `?` it may
-- be missing, which logs write as `-`: the record then has no such field. A group
-- matches one of its alternatives; with a `?` it may be left out.
--
-- A pattern matches whole lines. As in regular expressions, a class takes as much as
-- it can, and gives back as long as the rest does not match; DATA takes as little as
-- it can; alternatives are tried in order. INT, NUMBER, IP and QUOTED take the
-- longest text that is one and give nothing back.
--
-- A tree is a list of items, tables with `kind` and, where they have one, `slot`:
--     text text          set set, least, most         shape sets         any
--     integer, number, address family, quoted         begin, finish
--     choice branches, first, past (the slots in it), pasts (past those of each branch)

local grammar = require("weir.expr.pattern.grammar")
local items = require("weir.expr.pattern.items")
local names = require("weir.expr.pattern.names")
local nearest = require("weir.lib.nearest")
local program = require("weir.expr.pattern.program")

local M = {}

local DEFINITIONS_DEPTH_MAX = 16

local types = { string = 0, integer = 1, number = 2, boolean = 3 } -- enum weir_pattern_type
local type_names = { "boolean", "integer", "number", "string" }

local fail = grammar.fail

local Builder = {}
Builder.__index = Builder

function Builder:all_names()
  local list = {}
  for _, defined in ipairs({ self.define, names }) do
    for one in pairs(defined) do
      list[#list + 1] = one
    end
  end
  return list
end

-- The items of a name: a built-in, or a definition read in its turn.
function Builder:resolve(text, part, taken)
  local meaning = self.define[part.name] or names[part.name]
  if meaning == nil then
    fail(text, part.name_at, 'no pattern is called "%s"%s', part.name,
      nearest.hint(part.name, self:all_names()))
  elseif type(meaning) == "table" then
    local item = {}
    for key, value in pairs(meaning) do
      item[key] = value
    end
    return { item }
  elseif self.open[part.name] then
    fail(text, part.name_at, '"%s" is defined by itself', part.name)
  elseif self.depth == DEFINITIONS_DEPTH_MAX then
    fail(text, part.name_at, "definitions nest deeper than %d", DEFINITIONS_DEPTH_MAX)
  end
  self.open[part.name], self.depth = true, self.depth + 1
  local found = self:sequence(meaning, grammar.read(meaning), taken)
  self.open[part.name], self.depth = nil, self.depth - 1
  return found
end

-- A field's slot; several branches may have a slot each for one column.
function Builder:slot(text, part, taken)
  local kind_number = types[part.type or "string"]
  if not kind_number then
    fail(text, part.type_at, '"%s" is no type%s; there are %s', part.type,
      nearest.hint(part.type, type_names), table.concat(type_names, ", "))
  elseif taken[part.field] then
    fail(text, part.field_at, 'the field "%s" is captured twice', part.field)
  end
  taken[part.field] = true
  local column = self.columns[part.field]
  if not column then
    column = #self.fields
    self.fields[column + 1] = part.field
    self.columns[part.field] = column
  end
  local slot = #self.slots
  self.slots[slot + 1] = { column = column, type = kind_number }
  return slot
end

local plain = {
  set = true, any = true, shape = true, integer = true, number = true, address = true,
  quoted = true,
}

function Builder:captured(text, part, taken)
  if not part.field then
    return self:resolve(text, part, taken)
  end
  local slot = self:slot(text, part, taken)
  local inner = self:resolve(text, part, taken)
  if #inner == 1 and plain[inner[1].kind] and not inner[1].slot then
    inner[1].slot = slot
    return inner
  end
  table.insert(inner, 1, { kind = "begin", begins = slot })
  inner[#inner + 1] = { kind = "finish", ends = slot }
  return inner
end

-- One alternative after the other; a field may be captured once in each.
function Builder:choice(count_of, branch, taken)
  local item = { kind = "choice", branches = {}, first = #self.slots, pasts = {} }
  local after = {}
  for number = 1, count_of do
    local own = setmetatable({}, { __index = taken })
    item.branches[number] = branch(number, own)
    item.pasts[number] = #self.slots
    for one in pairs(own) do
      after[one] = true
    end
  end
  for one in pairs(after) do
    taken[one] = true
  end
  item.past = #self.slots
  return item
end

function Builder:group(text, part, taken)
  local total = #part.branches + (part.optional and 1 or 0)
  return self:choice(total, function(number, own)
    return self:sequence(text, part.branches[number] or {}, own)
  end, taken)
end

function Builder:may_miss(text, part, taken)
  return self:choice(2, function(number, own)
    return number == 1 and { { kind = "text", text = "-" } } or self:captured(text, part, own)
  end, taken)
end

function Builder:items_of(text, part, taken)
  if part.kind == "text" then
    return { { kind = "text", text = part.text } }
  elseif part.kind == "class" then
    local item, problem = items.class(part)
    return { item or fail(text, part.at, "%s", problem) }
  elseif part.kind == "group" then
    return { self:group(text, part, taken) }
  elseif part.may_miss then
    return { self:may_miss(text, part, taken) }
  end
  return self:captured(text, part, taken)
end

-- Names are replaced by what they mean, and neighbours that can be one become one.
function Builder:sequence(text, parts, taken)
  local list = {}
  for _, part in ipairs(parts) do
    for _, item in ipairs(self:items_of(text, part, taken)) do
      local joined = items.join(list[#list], item)
      list[joined and #list or #list + 1] = joined or item
    end
  end
  return list
end

local function show(problem)
  local line = problem.text:gsub("%c", " ")
  return ("%s\n  %s\n  %s^"):format(problem.message, line, (" "):rep(problem.at - 1))
end

local function build(text, define)
  local builder = setmetatable({
    define = define,
    open = {},
    depth = 0,
    slots = {},
    fields = {},
    columns = {},
  }, Builder)
  local list = builder:sequence(text, grammar.read(text), {})
  return { items = list, slots = builder.slots, fields = builder.fields }
end

--- The tree of a pattern: `items`, `slots` and `fields` in order. Or nil and a
--- message of three lines: what is wrong, the pattern, and a caret under the place.
---@param text string
---@param define? table<string, string>
function M.parse(text, define)
  local ok, result = pcall(build, text, define or {})
  if ok then
    return result
  elseif type(result) == "table" and result.message then
    return nil, show(result)
  end
  error(result, 0)
end

--- The program of a pattern, for weir.native.pattern; or nil and a message as above.
---@param text string
---@param define? table<string, string>
function M.compile(text, define)
  local tree, message = M.parse(text, define)
  if not tree then
    return nil, message
  end
  return program.emit(tree)
end

return M
