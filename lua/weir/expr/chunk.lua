--- What the functions of a script may change behind each other's back.
--
-- A variable or table that a lambda reads counts as a constant only if no function that
-- may still run can change it. That is read from the bytecode of all functions of the
-- chunks that a state has loaded, by name: what assigns any variable called `seen`
-- counts as assigning this one. The bodies of chunks have run when lambdas are looked at,
-- so what they did is done.

local bytecode = require("weir.expr.bytecode")
local nesting = require("weir.expr.nesting")
local twins = require("weir.expr.twins")

local M = {}

local STORES = { TSETS = true, TSETV = true, TSETB = true, TSETM = true, TSETR = true }
-- Names that lead to a change that no instruction shows. `require` does not where it is
-- called at once by the body of a chunk.
local CHANGERS = {
  rawset = true,
  setmetatable = true,
  _G = true,
  load = true,
  loadstring = true,
  require = true,
}
-- Operand modes of lj_bc.h: a slot that is written, and the first of several.
local DESTINATION, BASE = 1, 2
local CALLS = { CALL = true, CALLM = true, CALLT = true, CALLMT = true }

-- Whether an instruction may write a slot: it alone, or it and those above it.
local function writes(one, slot)
  if one.name == "KNIL" then
    return one.a <= slot and slot <= one.d
  elseif one.a_mode == DESTINATION then
    return one.a == slot
  end
  return one.a_mode == BASE and one.a <= slot
end

-- Whether a slot holds a table made in this call, for certain: nothing else is ever
-- written there.
local function is_fresh(code, slot)
  if slot < bytecode.info(code).params then
    return false
  end
  local makers, pc, one = 0, 1, bytecode.decode(code, 1)
  while one do
    if writes(one, slot) then
      if one.name ~= "TNEW" and one.name ~= "TDUP" then
        return false
      end
      makers = makers + 1
    end
    pc = pc + 1
    one = bytecode.decode(code, pc)
  end
  return makers > 0
end

local function is_called(code, pc, slot)
  local one = bytecode.decode(code, pc + 1)
  while one do
    if CALLS[one.name] and one.a == slot then
      return true
    elseif one.name == "JMP" or one.name == "FNEW" or one.name == "MOV" and one.d == slot then
      return false
    end
    pc = pc + 1
    one = bytecode.decode(code, pc + 1)
  end
  return false
end

local function note_load(facts, code, pc, one, is_body)
  local name = bytecode.constant(code, -1 - one.d)
  local line = bytecode.line(code, pc)
  local at_once = name == "require" and is_body and is_called(code, pc, one.a)
  if CHANGERS[name] and not at_once then
    facts.opaque = facts.opaque or { name = name, line = line }
  end
end

local function note_store(facts, code, pc, one)
  if is_fresh(code, one.b) then
    return
  end
  local line = bytecode.line(code, pc)
  facts.store = facts.store or line
  if one.name == "TSETS" then
    facts.stored[bytecode.constant(code, -1 - one.c)] = line
  elseif one.name == "TSETV" or one.name == "TSETR" then
    facts.stored_any = line
  end
end

-- Reads one function and those that it makes.
local function read(facts, code, is_body)
  local pc, one = 1, bytecode.decode(code, 1)
  while one do
    if one.name:find("^USET") then
      facts.assigned[bytecode.upvalue_name(code, one.a)] = bytecode.line(code, pc)
    elseif STORES[one.name] and not is_body then
      note_store(facts, code, pc, one)
    elseif one.name == "GGET" then
      note_load(facts, code, pc, one, is_body)
    end
    pc = pc + 1
    one = bytecode.decode(code, pc)
  end
  for _, child in ipairs(bytecode.children(code)) do
    read(facts, child, false)
  end
end

local function facts_of(chunk)
  if not chunk.facts then
    chunk.facts = { assigned = {}, stored = {} }
    read(chunk.facts, chunk.root, true)
  end
  return chunk.facts
end

--- Whether something may assign a variable of that name in the chunk: the line that does,
-- or what makes it impossible to know.
---@return string? reason
function M.assigns(chunk, name)
  if nesting.suspended() then
    return "a coroutine may still change"
  end
  local line = facts_of(chunk).assigned[name]
  return line and ("line %d changes"):format(line)
end

--- Whether something may change the field `key` of a table that a script made.
---@param env table  of the script
---@return string? reason
function M.stores(env, key)
  if nesting.suspended() then
    return "a coroutine may still change"
  end
  for _, chunk in ipairs(twins.chunks(env)) do
    local facts = facts_of(chunk)
    local line = facts.stored[key] or facts.stored_any
    if line then
      return ("line %d may change"):format(line)
    elseif facts.opaque then
      return ("%s at line %d may change"):format(facts.opaque.name, facts.opaque.line)
    end
  end
end

--- The names of the fields that functions may set in tables that a script made, as a set;
-- nil and the reason if any may be.
---@param env table  of the script
---@return table<string, boolean>? names
---@return string? reason
function M.stored(env)
  if nesting.suspended() then
    return nil, "a coroutine may still change"
  end
  local names = {}
  for _, one in ipairs(twins.chunks(env)) do
    local facts = facts_of(one)
    if facts.stored_any then
      return nil, ("line %d may change"):format(facts.stored_any)
    elseif facts.opaque then
      return nil, ("%s at line %d may change"):format(facts.opaque.name, facts.opaque.line)
    end
    for name in pairs(facts.stored) do
      names[name] = true
    end
  end
  return names
end

--- What may change some table that a script made, of all that its functions do.
---@param env table  of the script
---@return string? reason
function M.changes(env)
  for _, one in ipairs(twins.chunks(env)) do
    local facts = facts_of(one)
    if facts.store then
      return ("changes one at line %d"):format(facts.store)
    elseif facts.opaque then
      return ("uses %s at line %d"):format(facts.opaque.name, facts.opaque.line)
    end
  end
end

return M
