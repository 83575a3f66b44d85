--- The program of a pattern's tree: flat ops, as engine/codec/pattern.h explains.
--
-- Each sequence is emitted knowing its follow: what bytes the rest of the line may
-- begin with, and whether it may be nothing. Where a class cannot begin what follows
-- it, taking less of it can never help, so the engine need not remember that it could.

local set = require("weir.expr.pattern.set")

local M = {}

local OPS_MAX = 8192 -- as in pattern.h
local CHOICES_MAX = 1024
local SLOTS_MAX = 1024
local SETS_MAX = 256
local UNLIMITED = 0x7fffffff

local KEEPS, COUNTED, EMPTY = 1, 2, 4

-- Numbers of enum weir_pattern_kind.
local kinds = {
  text = 0, span = 1, ["until"] = 2, lazy = 3, rest = 4, integer = 5, number = 6, address = 7,
  quoted = 8, try = 9, jump = 10, begin = 11, finish = 12, clear = 13, done = 14,
  shape = 15,
}

local sign, digits = set.of("+-"), set.range("0", "9")
local starts = {
  any = set.all,
  integer = set.union({ sign, digits }),
  number = set.union({ sign, digits, set.of(".") }),
  address = set.union({ digits, set.range("a", "f"), set.range("A", "F"), set.of(":") }),
  quoted = set.of('"'),
}

local sequence_first

-- The bytes that an item may begin with; and whether it may be nothing.
local function first_of(item)
  if item.kind == "text" then
    return set.of(item.text:sub(1, 1)), false
  elseif item.kind == "shape" then
    return item.sets[1], false
  elseif item.kind == "set" then
    return item.set, item.least == 0
  elseif item.kind == "begin" or item.kind == "finish" then
    return set.none, true
  elseif item.kind == "choice" then
    local sets, empty = {}, false
    for number, branch in ipairs(item.branches) do
      local first, may_be_empty = sequence_first(branch, set.none, true)
      sets[number], empty = first, empty or may_be_empty
    end
    return set.union(sets), empty
  end
  return starts[item.kind], item.kind == "any"
end

function sequence_first(items, follow, follow_empty)
  for number = #items, 1, -1 do
    local first, empty = first_of(items[number])
    if empty then
      follow = set.union({ first, follow })
    else
      follow, follow_empty = first, false
    end
  end
  return follow, follow_empty
end

local Emitter = {}
Emitter.__index = Emitter

function Emitter:op(kind, fields)
  fields = fields or {}
  fields.kind = kinds[kind]
  self.ops[#self.ops + 1] = fields
  if kind == "try" or kind == "until" or kind == "lazy"
    or kind == "span" and (fields.flags or 0) % 2 == 0 then
    self.choices = self.choices + 1
  end
  return fields
end

function Emitter:set(one)
  local number = self.set_numbers[one]
  if not number then
    number = #self.sets
    self.sets[number + 1] = one
    self.set_numbers[one] = number
  end
  return number
end

function Emitter:text(text)
  local at = self.text_places[text]
  if not at then
    at = self.text_size
    self.texts[#self.texts + 1] = text
    self.text_places[text] = at
    self.text_size = at + #text
  end
  return at, #text
end

function Emitter:span(item, follow)
  local flags = 0
  if not set.overlap(item.set, follow) then
    flags = KEEPS
  end
  if item.most or item.least > 1 then
    flags = flags + COUNTED
  end
  self:op("span", {
    flags = flags, a = item.least, b = item.most or UNLIMITED, c = self:set(item.set),
    slot = item.slot,
  })
end

function Emitter:shape(item)
  local numbers = {}
  for place, one in ipairs(item.sets) do
    numbers[place] = string.char(math.min(self:set(one), SETS_MAX - 1))
  end
  local a, b = self:text(table.concat(numbers))
  self:op("shape", { a = a, b = b, slot = item.slot })
end

-- The least of anything. True if the text behind it was taken care of as well.
function Emitter:any(item, behind, follow, follow_empty)
  if behind and behind.kind == "text" then
    local a, b = self:text(behind.text)
    self:op("until", { a = a, b = b, slot = item.slot })
    return true
  elseif follow == set.none then
    self:op("rest", { slot = item.slot })
  else
    self:op("lazy", {
      c = self:set(follow), flags = follow_empty and EMPTY or 0, slot = item.slot,
    })
  end
  return false
end

function Emitter:choice(item, follow, follow_empty)
  local jumps = {}
  for number, branch in ipairs(item.branches) do
    -- Whatever this group captured in an earlier attempt is gone when it is entered,
    -- and what its earlier branches captured when they have failed.
    local past = number == 1 and item.past or item.pasts[number - 1]
    local gone = past - item.first
    local try
    if number < #item.branches then
      local first, empty = sequence_first(branch, follow, follow_empty)
      try = self:op("try", {
        c = self:set(first), flags = empty and EMPTY or 0, slot = item.first, b = gone,
      })
    elseif number > 1 and gone > 0 then
      self:op("clear", { a = item.first, b = gone })
    end
    self:sequence(branch, follow, follow_empty)
    if try then
      jumps[#jumps + 1] = self:op("jump")
      try.a = #self.ops
    end
  end
  for _, jump in ipairs(jumps) do
    jump.a = #self.ops
  end
end

function Emitter:item(item, behind, follow, follow_empty)
  local kind = item.kind
  if kind == "text" then
    local a, b = self:text(item.text)
    self:op("text", { a = a, b = b })
  elseif kind == "set" then
    self:span(item, follow)
  elseif kind == "shape" then
    self:shape(item)
  elseif kind == "any" then
    return self:any(item, behind, follow, follow_empty)
  elseif kind == "choice" then
    self:choice(item, follow, follow_empty)
  elseif kind == "begin" or kind == "finish" then
    self:op(kind, { a = item.begins or item.ends })
  else
    self:op(kind, { a = item.family, slot = item.slot })
  end
  return false
end

function Emitter:sequence(items, follow, follow_empty)
  local follows, empties = {}, {}
  for number = #items, 1, -1 do
    follows[number], empties[number] = follow, follow_empty
    follow, follow_empty = sequence_first({ items[number] }, follow, follow_empty)
  end
  local number = 1
  while number <= #items do
    local took_next = self:item(items[number], items[number + 1], follows[number], empties[number])
    number = number + (took_next and 2 or 1)
  end
end

--- The program of a tree: `ops` (kind, flags, slot, a, b, c: absent ones are zero and
--- no slot), `sets`, `texts`, `slots` and `fields`. Or nil and a message.
---@param tree table  from weir.expr.pattern
function M.emit(tree)
  local emitter = setmetatable({
    ops = {}, choices = 0, sets = {}, set_numbers = {}, texts = {}, text_places = {}, text_size = 0,
  }, Emitter)
  emitter:sequence(tree.items, set.none, true)
  emitter:op("done")
  if #emitter.ops > OPS_MAX or emitter.choices > CHOICES_MAX or #tree.slots > SLOTS_MAX
    or #emitter.sets > SETS_MAX then
    return nil, ("the pattern is too large: %d steps, %d choices, %d captures")
      :format(#emitter.ops, emitter.choices, #tree.slots)
  end
  return {
    ops = emitter.ops,
    sets = emitter.sets,
    texts = table.concat(emitter.texts),
    slots = tree.slots,
    fields = tree.fields,
  }
end

return M
