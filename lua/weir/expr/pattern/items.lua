--- Items of a pattern's tree: what a class means, and how neighbours become one.

local set = require("weir.expr.pattern.set")

local M = {}

local SHAPE_MAX = 64
local SHAPE_TEXT_MAX = 4
local COUNT_MAX = 65535

local function members_of(part)
  local sets = {}
  for number, member in ipairs(part.members) do
    if type(member) == "string" then
      sets[number] = set.of(member)
    elseif member[1] > member[2] then
      return nil, ("the range %s-%s is empty"):format(member[1], member[2])
    else
      sets[number] = set.range(member[1], member[2])
    end
  end
  return set.union(sets)
end

--- The item of a class; or nil and what is wrong with it.
function M.class(part)
  local members, problem = members_of(part)
  if not members then
    return nil, problem
  end
  -- The most is false where there is none, and nil where it is the least.
  local least, most = unpack(part.repeats or { 1 })
  if most == nil then
    most = least
  end
  if math.max(least, most or 0) > COUNT_MAX then
    return nil, ("a count is at most %d"):format(COUNT_MAX)
  elseif most and (most < least or most == 0) then
    return nil, ("a class repeated %d to %d times matches nothing"):format(least, most)
  end
  return {
    kind = "set",
    set = part.negated and set.complement(members) or members,
    least = least,
    most = most or nil,
  }
end

-- The sets of an item that always takes the same count of bytes; nil of others.
local function fixed_sets(item)
  local fixed = {}
  if item.slot then
    return nil
  elseif item.kind == "shape" then
    return item.sets
  elseif item.kind == "text" and #item.text <= SHAPE_TEXT_MAX then
    for number = 1, #item.text do
      fixed[number] = set.of(item.text:sub(number, number))
    end
    return fixed
  elseif item.kind == "set" and item.least == item.most and item.most <= SHAPE_MAX
    and not set.has(item.set, 255) then
    for number = 1, item.least do
      fixed[number] = item.set
    end
    return fixed
  end
end

--- Joins an item to the one before it, if they can be one; else nil. Texts become one
--- text, and what has a fixed size behind a class a shape, which is matched at once.
function M.join(last, item)
  if not last or last.slot or item.slot then
    return nil
  elseif last.kind == "text" and item.kind == "text" then
    return { kind = "text", text = last.text .. item.text }
  elseif last.kind == "text" then
    return nil
  end
  local left, right = fixed_sets(last), fixed_sets(item)
  if not left or not right or #left + #right > SHAPE_MAX then
    return nil
  end
  local sets = { unpack(left) }
  for _, one in ipairs(right) do
    sets[#sets + 1] = one
  end
  return { kind = "shape", sets = sets }
end

return M
