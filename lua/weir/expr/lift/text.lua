--- Text expressions as instructions, with the meaning of weir.expr.ops: what is missing
-- or null makes a comparison false and all else null.
--
--     text.value(builder, tree)                      --> a value of the builder
--     text.branch(builder, tree, when, label)        jumps if it holds, or does not

local Builder = require("weir.expr.lift.builder")
local functions = require("weir.expr.lift.functions")
local named = require("weir.expr.functions").constants
local null = require("weir.lib.null").null

local M = {}

local constant, NIL, compute = Builder.constant, Builder.NIL, functions.compute
local refuse = Builder.refuse
local NULL = constant(null)

local values, branches = {}, {}

local function value(b, tree)
  return values[tree.kind](b, tree)
end

-- Where a condition stands in the place of a value: true or false, by the path taken.
local function truth(b, tree)
  local yes, done = b.label(), b.label()
  local key = tree
  M.branch(b, tree, true, yes)
  if b.state then
    b.state.slots[key] = constant(false)
    b:jump(done)
  end
  b:place(yes)
  if b.state then
    b.state.slots[key] = constant(true)
  end
  b:place(done)
  return b.state.slots[key]
end

function values.constant(_, tree)
  if not tree.number then
    return tree.value == nil and NULL or constant(tree.value)
  end
  local number = tonumber(tree.number)
  if tree.number:find("^%d+$") and number >= 2 ^ 53 then
    refuse("has an integer that is more than a number holds")
  end
  return constant(number)
end

function values.field(b, tree)
  local path = tree.path
  if path[1] == "math" and #path == 2 and named[path[2]] then
    return constant(named[path[2]])
  end
  local found = b:field(path[1])
  for i = 2, #path do
    if type(path[i]) ~= "string" then
      refuse("reads an element by number")
    end
    -- Nothing is in a constant, nor in what was just computed.
    found = found.constant and NIL or b:nested(found, path[i], true)
  end
  return found
end

function values.meta(_, tree)
  refuse("reads @%s", tree.path[1])
end

-- Evaluates the operands first, in order.
local function binary(op)
  return function(b, tree)
    local left, right = value(b, tree.left), value(b, tree.right)
    return compute(b, op, left, right)
  end
end

local arithmetic = { ["+"] = "add", ["-"] = "sub", ["*"] = "mul", ["/"] = "div", ["%"] = "mod" }

function values.arithmetic(b, tree)
  return binary(arithmetic[tree.op])(b, tree)
end

values.concat = binary("concat")

function values.negate(b, tree)
  local operand = tree.operand
  if operand.kind == "constant" and operand.number then
    return constant(-value(b, operand).k)
  end
  return compute(b, "neg", value(b, operand))
end

-- a and b, a or b: the value of the half that decides, but false for one that is null.
local function either(when)
  return function(b, tree)
    local decided, done = b.label(), b.label()
    local key = tree
    if when then
      local left = value(b, tree.left)
      local state = b:copy_state()
      state.slots[key] = left
      b:branch_true(left, false, decided, state, true)
    else
      M.branch(b, tree.left, false, decided)
      for _, edge in ipairs(decided.edges) do
        edge.state.slots[key] = constant(false)
      end
    end
    if b.state then
      local right = value(b, tree.right)
      b.state.slots[key] = right
      b:jump(done)
    end
    b:place(decided)
    b:place(done)
    return b.state.slots[key]
  end
end

values["and"], values["or"] = either(false), either(true)

function values.call(b, tree)
  local arguments = {}
  for i, argument in ipairs(tree.arguments) do
    arguments[i] = value(b, argument)
  end
  return functions.call(b, tree, arguments)
end

for _, kind in ipairs({ "equal", "order", "text", "in", "null", "exists", "not" }) do
  values[kind] = truth
end

-- Conditions ---------------------------------------------------------------------------

-- Jumps where both halves hold; `when` is what the whole must be to jump.
local function both(b, first, second, when, label)
  if not when then
    M.branch(b, first, false, label)
    if b.state then
      M.branch(b, second, false, label)
    end
    return
  end
  local past = b.label()
  M.branch(b, first, false, past)
  if b.state then
    M.branch(b, second, true, label)
  end
  b:place(past)
end

local function any(b, list, when, label)
  local past = b.label()
  local hit = when and label or past
  for _, try in ipairs(list) do
    if b.state then
      try(hit)
    end
  end
  if not when and b.state then
    b:jump(label)
  end
  b:place(past)
end

branches["and"] = function(b, tree, when, label)
  both(b, tree.left, tree.right, when, label)
end

branches["or"] = function(b, tree, when, label)
  any(b, {
    function(hit)
      M.branch(b, tree.left, true, hit)
    end,
    function(hit)
      M.branch(b, tree.right, true, hit)
    end,
  }, when, label)
end

branches["not"] = function(b, tree, when, label)
  M.branch(b, tree.operand, not when, label)
end

local function compare(b, op, left, right, when, label)
  b:branch({
    op = op,
    a = b:operand(left),
    b = b:operand(right),
    lenient = true,
    negate = not when or nil,
  }, label)
end

function branches.equal(b, tree, when, label)
  local left, right = value(b, tree.left), value(b, tree.right)
  compare(b, tree.op == "==" and "if_eq" or "if_ne", left, right, when, label)
end

function branches.order(b, tree, when, label)
  local left, right = value(b, tree.left), value(b, tree.right)
  if tree.op == ">" or tree.op == ">=" then
    left, right = right, left
  end
  local strict = tree.op == "<" or tree.op == ">"
  compare(b, strict and "if_lt" or "if_le", left, right, when, label)
end

local texts = { ["~"] = "matches", contains = "contains", starts_with = "starts",
  ends_with = "ends" }

function branches.text(b, tree, when, label)
  local left, right = value(b, tree.left), value(b, tree.right)
  local found = compute(b, texts[tree.op], left, right)
  b:branch_true(found, not when, label, nil, true)
end

function branches.null(b, tree, when, label)
  local operand = value(b, tree.operand)
  local function is(what)
    return function(hit)
      b:branch_compare("if_eq", operand, what, false, hit)
    end
  end
  any(b, { is(NIL), is(NULL) }, when ~= (tree.negated or false), label)
end

function branches.exists(b, tree, when, label)
  b:branch_compare("if_eq", value(b, tree.operand), NIL, when, label)
end

branches["in"] = function(b, tree, when, label)
  local operand = value(b, tree.operand)
  local tries = {}
  for i, item in ipairs(tree.list) do
    tries[i] = function(hit)
      compare(b, "if_eq", operand, value(b, item), true, hit)
    end
  end
  if not tree.negated then
    return any(b, tries, when, label)
  end
  -- What is missing is neither in a list nor not in it.
  for _, what in ipairs({ NIL, NULL }) do
    tries[#tries + 1] = function(hit)
      b:branch_compare("if_eq", operand, what, false, hit)
    end
  end
  any(b, tries, not when, label)
end

--- A jump to the label if the expression holds, or with `when` false if it does not.
function M.branch(b, tree, when, label)
  local branch = branches[tree.kind]
  if branch then
    return branch(b, tree, when, label)
  end
  b:branch_true(value(b, tree), not when, label, nil, true)
end

--- The value of an expression.
function M.value(b, tree)
  return value(b, tree)
end

return M
