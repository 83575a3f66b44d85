--- Calls that stand in texts, as instructions.
--
-- Of the functions of weir.expr.functions those that the machine has; by the rules of
-- text, where nothing, as a result, is null.

local Builder = require("weir.expr.lift.builder")

local M = {}

local refuse = Builder.refuse

local OPS = {
  lower_1 = "lower", upper_1 = "upper", len_1 = "length",
  sub_2 = "bytes", sub_3 = "bytes", byte_1 = "byte", byte_2 = "byte",
  floor_1 = "floor", ceil_1 = "ceil", abs_1 = "abs", sqrt_1 = "sqrt",
  tonumber_1 = "tonumber", tostring_1 = "tostring", match_2 = "match", find_2 = "find",
}

local function check_pattern(tree)
  local pattern = tree.arguments[2]
  if pattern.kind ~= "constant" or type(pattern.value) ~= "string" then
    refuse("calls %s with a pattern that is no constant", tree.name)
  elseif not pcall(string.find, "", pattern.value) then
    refuse("calls %s with a pattern that is none", tree.name)
  end
end

--- Emits an operation by the rules of text.
function M.compute(b, op, ...)
  local instruction, names = { op = op, lenient = true }, { "a", "b", "c" }
  for i = 1, select("#", ...) do
    instruction[names[i]] = b:operand((select(i, ...)))
  end
  return b:compute(instruction)
end

--- The value of a call whose arguments are known.
function M.call(b, tree, arguments)
  local op = OPS[("%s_%d"):format(tree.name, #arguments)]
  if tree.name == "min" or tree.name == "max" then
    local found = M.compute(b, tree.name, arguments[1], arguments[2] or arguments[1])
    for i = 3, #arguments do
      found = M.compute(b, tree.name, found, arguments[i])
    end
    return found
  elseif not op then
    refuse("calls %s", tree.name)
  elseif op == "match" or op == "find" then
    check_pattern(tree)
  end
  return M.compute(b, op, unpack(arguments))
end

return M
