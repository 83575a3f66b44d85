--- Fits a program into the registers of the machine.
--
-- Jumps go forward only, so what a register holds is alive from its first write to its
-- last read in the order of the program, and one walk gives numbers away.

local M = {}

M.REGISTERS_MAX = 64

-- So many registers that are given stay as they are, as they need no copy then.
local KEPT_MAX = 16

local OPERANDS = { "a", "b", "c", "of" }

-- Edges are lists within the list.
local function flatten(code, into)
  for _, item in ipairs(code) do
    if item.op then
      into[#into + 1] = item
    else
      flatten(item, into)
    end
  end
  return into
end

-- A jump to what comes next is none.
local function without_idle_jumps(code)
  local kept = {}
  for i, item in ipairs(code) do
    local after = code[i + 1]
    if not (item.op == "jump" and after and after.op == "label" and after.label == item.label) then
      kept[#kept + 1] = item
    end
  end
  return kept
end

local function each_read(item, visit)
  for _, name in ipairs(OPERANDS) do
    if type(item[name]) == "number" then
      visit(item[name], item, name)
    end
  end
  for _, list in ipairs({ item.values or {}, item.keys or {} }) do
    for i, operand in ipairs(list) do
      if type(operand) == "number" then
        visit(operand, list, i)
      end
    end
  end
end

local function last_reads(code)
  local last, kept = {}, 0
  for at, item in ipairs(code) do
    if item.to then
      last[item.to] = math.max(last[item.to] or 0, at)
    end
    each_read(item, function(register)
      last[register] = math.max(last[register] or 0, at)
    end)
    if item.op == "give" and type(item.a) == "number" and kept < KEPT_MAX then
      last[item.a], kept = #code + 1, kept + 1
    end
  end
  return last
end

-- Only what is jumped to needs its label, numbered in order.
local function number_labels(code)
  local wanted, count = {}, 0
  for _, item in ipairs(code) do
    if item.label and item.op ~= "label" then
      wanted[item.label] = true
    end
  end
  local kept = {}
  for _, item in ipairs(code) do
    if item.op ~= "label" or wanted[item.label] then
      kept[#kept + 1] = item
    end
    if item.op == "label" and wanted[item.label] then
      count = count + 1
      wanted[item.label] = count
    end
  end
  for _, item in ipairs(kept) do
    if item.label then
      item.label = wanted[item.label]
    end
  end
  return kept
end

local function give_registers(code)
  local last, given, free, count = last_reads(code), {}, {}, 0
  for at, item in ipairs(code) do
    local ended = {}
    each_read(item, function(register, holder, name)
      holder[name] = given[register]
      if last[register] == at then
        ended[register] = true
      end
    end)
    local to = item.to
    if to then
      if not given[to] then
        given[to] = table.remove(free) or count
        count = math.max(count, given[to] + 1)
      end
      item.to = given[to]
      ended[to] = last[to] == at or nil
    end
    for register in pairs(ended) do
      free[#free + 1] = given[register]
    end
  end
  return count
end

--- The finished list of instructions, or nil and why not.
function M.finish(code)
  code = number_labels(without_idle_jumps(flatten(code, {})))
  local count = give_registers(code)
  if count > M.REGISTERS_MAX then
    return nil, "needs too many values at once"
  end
  code.registers = count
  return code
end

return M
