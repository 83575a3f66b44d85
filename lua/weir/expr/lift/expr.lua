--- Any expression of a script as instructions: a lambda, a text, a field, a constant.

local Builder = require("weir.expr.lift.builder")
local null = require("weir.lib.null").null
local text = require("weir.expr.lift.text")
local twins = require("weir.expr.twins")

local M = {}

local RECORD = { record = true }
local plain = { number = true, string = true, boolean = true }

-- Writes a lambda; `ret(results)` at each return.
local function run(b, fn, ret)
  local code, chunk = twins.of(fn)
  if not code then
    Builder.refuse("is no function of a script")
  end
  local frame = require("weir.expr.lift.frame") -- texts alone do without it
  frame.run(b, {
    fn = fn,
    code = code,
    chunk = chunk,
    base = b:frame(),
    depth = 0,
    ret = ret,
  }, { RECORD })
  b.line, b.state = nil, nil
end

local function lambda_value(b, fn)
  local done, key = b.label(), {}
  run(b, fn, function(results)
    b.state.slots[key] = results[1] or Builder.NIL
    b:jump(done)
  end)
  b:place(done)
  return b.state and b.state.slots[key]
end

--- The value of an expression; nil, and no state, if it always raises.
function M.value(b, expr)
  if expr.kind == "lambda" then
    return lambda_value(b, expr.fn)
  elseif expr.kind == "text" then
    return text.value(b, expr.tree)
  elseif expr.kind == "field" then
    return b:field(expr.name)
  elseif plain[type(expr.value)] or expr.value == null then
    return Builder.constant(expr.value)
  end
  Builder.refuse("is a table")
end

--- Goes on where the expression holds, and jumps to the label where it does not.
function M.condition(b, expr, label)
  if expr.kind == "text" then
    return text.branch(b, expr.tree, false, label)
  elseif expr.kind ~= "lambda" then
    return b:branch_true(M.value(b, expr), true, label, nil, true)
  end
  local holds = b.label()
  run(b, expr.fn, function(results)
    b:branch_true(results[1] or Builder.NIL, true, label, nil, true)
    if b.state then
      b:jump(holds)
    end
  end)
  b:place(holds)
end

--- Writes a lambda of a map, `ret(value)` at each of its returns.
function M.returns(b, fn, ret)
  run(b, fn, function(results)
    ret(results[1] or Builder.NIL)
  end)
end

return M
