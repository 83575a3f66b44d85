--- Instructions that jump, and those that say whether the next one does.

local Builder = require("weir.expr.lift.builder")
local bytecode = require("weir.expr.bytecode")

local constant, NIL = Builder.constant, Builder.NIL

local ROUNDS_MAX = 16
local LOOP_VARIABLE = 3 -- its slot, from the loop's first one

local PRIMITIVES = { [0] = NIL, constant(false), constant(true) }

local steps = {}

local RETURNS = { RET0 = true, RET1 = true, RET = true }

-- Where a jump really leads.
local function final_target(f, target)
  local there = bytecode.decode(f.code, target)
  while there.name == "JMP" and there.target > target do
    target = there.target
    there = bytecode.decode(f.code, target)
  end
  return target, there
end

-- One turn of a loop whose body ends before `at`; jumps there stay within the turn.
local function turn(f, first, at)
  for target = first, at do
    f.labels[target] = nil
  end
  f:follow(first, at - 1)
  if f.labels[at] then
    f.builder:place(f.labels[at])
    f.labels[at] = nil
  end
end

-- A loop over the elements of a constant list: its body, once for each.
local function unroll(f, at, iterate, elements)
  local first = f.pc + 1
  for number, element in ipairs(elements) do
    if not f.builder.state then
      break
    end
    f:set(iterate.a, constant(number))
    f:set(iterate.a + 1, element)
    turn(f, first, at)
  end
  f.pc = at + 1
end

-- The values of a loop's variable, which must be known and few.
local function rounds(f, slot)
  local known = {}
  for k = 1, 3 do
    local value = f:get(slot + k - 1)
    if not (value.constant and type(value.k) == "number") then
      f:refuse("loops as often as a record says")
    end
    known[k] = value.k
  end
  local values = {}
  for value = known[1], known[2], known[3] do
    values[#values + 1] = value
    if #values > ROUNDS_MAX then
      f:refuse("loops more than %d times", ROUNDS_MAX)
    end
  end
  return values
end

-- A loop over numbers: the same.
function steps.FORI(f, i)
  local first, at = f.pc + 1, i.target - 1
  for _, value in ipairs(rounds(f, i.a)) do
    if not f.builder.state then
      break
    end
    f:set(i.a + LOOP_VARIABLE, constant(value))
    turn(f, first, at)
  end
  f.pc = at
end

function steps.JMP(f, i)
  if i.target <= f.pc then
    f:refuse("loops")
  end
  local target, there = final_target(f, i.target)
  local walk = there.name == "ITERC" and f:get(there.a - 3).walk
  if walk then
    unroll(f, target, there, walk)
  elseif RETURNS[there.name] then
    f:take(there)
  else
    f.builder:jump(f:label_at(target))
  end
end

-- A condition and the jump behind it. `branch(negate, label)` writes the jump, with
-- `negate` if it is to happen where the condition does not hold. A jump to a return
-- is the return itself, stepped over where the condition does not hold.
local function conditional(f, branch, taken)
  f.pc = f.pc + 1
  local jump = bytecode.decode(f.code, f.pc)
  local target, there = final_target(f, jump.target)
  local builder = f.builder
  if not RETURNS[there.name] then
    return branch(false, f:label_at(target))
  end
  local past = builder.label()
  branch(true, past)
  if builder.state then
    if taken then
      taken()
    end
    f:take(there)
  end
  builder:place(past)
end

local function compare(op, negated, operands)
  return function(f, i)
    local a, b = operands(f, i)
    conditional(f, function(negate, label)
      f.builder:branch_compare(op, a, b, negate ~= negated, label)
    end)
  end
end

local function slots(f, i)
  return f:get(i.a), f:get(i.d)
end

steps.ISLT = compare("if_lt", false, slots)
steps.ISGE = compare("if_lt", true, slots)
steps.ISLE = compare("if_le", false, slots)
steps.ISGT = compare("if_le", true, slots)

local with = {
  V = slots,
  S = function(f, i)
    return f:get(i.a), constant(f:text(i.d))
  end,
  N = function(f, i)
    return f:get(i.a), f:number(i.d)
  end,
  P = function(f, i)
    return f:get(i.a), PRIMITIVES[i.d]
  end,
}

for letter, operands in pairs(with) do
  steps["ISEQ" .. letter] = compare("if_eq", false, operands)
  steps["ISNE" .. letter] = compare("if_eq", true, operands)
end

local function test(negated)
  return function(f, i)
    local value = f:get(i.d)
    conditional(f, function(negate, label)
      f.builder:branch_true(value, negate ~= negated, label)
    end)
  end
end

-- ... and copies the value where it jumps.
local function test_and_copy(negated)
  return function(f, i)
    local builder, value = f.builder, f:get(i.d)
    conditional(f, function(negate, label)
      local state = builder:copy_state()
      if not negate then
        state.slots[f.base + i.a] = value
      end
      builder:branch_true(value, negate ~= negated, label, state)
    end, function()
      f:set(i.a, value)
    end)
  end
end

steps.IST, steps.ISF = test(false), test(true)
steps.ISTC, steps.ISFC = test_and_copy(false), test_and_copy(true)

return steps
