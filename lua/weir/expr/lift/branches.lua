--- Methods of a builder that jump if something is so. What is known beforehand jumps
-- without a condition, or emits nothing.

local Branches = {}

--- What a value is known to be in a condition: true, false or nil.
function Branches.truth(value, lenient)
  if value.constant then
    local is_null = lenient and type(value.k) == "userdata"
    return value.k ~= nil and value.k ~= false and not is_null
  elseif value.record or value.made or value.table or value.fn or value.builtin then
    return true
  end
end

--- A jump to the label if the value is true, or with `negate` if it is not. With
-- `lenient`, null is not true. What cannot happen emits nothing.
function Branches:branch_true(value, negate, label, state, lenient)
  if value.inverted then
    return self:branch_true(value.inverted, not negate, label, state)
  end
  local known = self.truth(value, lenient)
  if known == nil then
    self:branch({
      op = "if_true",
      a = self:operand(value),
      negate = negate or nil,
      lenient = lenient or nil,
    }, label, state)
  elseif known == not negate then
    self.state = state or self.state
    self:jump(label)
  end
end

-- The outcome of a comparison, where it is known and no error.
local function fold(op, a, b)
  if op == "if_eq" then
    if a.constant and b.constant then
      return a.k == b.k
    end
    -- What no record can hold differs from all constants.
    local other = a.constant and b or a
    if (a.constant or b.constant) and Branches.truth(other) then
      return false
    end
  elseif a.constant and b.constant and type(a.k) == type(b.k)
    and (type(a.k) == "number" or type(a.k) == "string") then
    if op == "if_lt" then
      return a.k < b.k
    end
    return a.k <= b.k
  end
end

--- A jump to the label if `a op b` holds, or with `negate` if it does not.
---@param op "if_lt"|"if_le"|"if_eq"
function Branches:branch_compare(op, a, b, negate, label, lenient)
  local known = fold(op, a, b)
  if known ~= nil and not lenient then
    if known == not negate then
      self:jump(label)
    end
    return
  end
  self:branch({
    op = op,
    a = self:operand(a),
    b = self:operand(b),
    negate = negate or nil,
    lenient = lenient or nil,
  }, label)
end

return Branches
