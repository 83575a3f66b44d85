--- The instructions of a lifted segment, for people.
--
--     stage 0
--       r0 = get "status"
--       if_le 500, r0 -> label 1
--       filter false

local show = require("weir.lib.errors").show

local M = {}

local OUTDENTED = { stage = true, label = true }

local function operand(value)
  if type(value) == "number" then
    return "r" .. value
  elseif value.k == nil then
    return "nil"
  end
  return type(value.k) == "userdata" and "null" or show(value.k)
end

local function operands_of(item)
  local out = {}
  for _, name in ipairs({ "a", "b", "c" }) do
    if item[name] ~= nil then
      out[#out + 1] = operand(item[name])
    end
  end
  return table.concat(out, ", ")
end

local function fields_of(item)
  local out = {}
  for i, name in ipairs(item.names) do
    out[i] = ("%s = %s"):format(name, operand(item.values[i]))
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local function rule_of(item)
  return (item.lenient and " lenient" or "") .. (item.plain and " plain" or "")
    .. (item.negate and " not" or "")
end

-- What stands behind the name of the instruction.
local function rest_of(item, label)
  if item.op == "make" then
    return fields_of(item)
  elseif item.op == "set" then
    return ("%s = %s"):format(show(item.field), operands_of(item))
  elseif item.op == "give" then
    return ("%d = %s"):format(item.column, operands_of(item))
  elseif item.field then
    return show(item.field) .. (item.of and " of r" .. item.of or "")
  elseif item.op == "label" then
    return tostring(label)
  elseif label then
    return ("%s -> label %d"):format(operands_of(item), label)
  end
  return item.stage and tostring(item.stage) or item.port and tostring(item.port)
    or operands_of(item)
end

local function line_of(item, label)
  local to = item.to and ("r%d = "):format(item.to) or ""
  local text = ("%s%s%s %s"):format(to, item.op, rule_of(item), rest_of(item, label))
  return (OUTDENTED[item.op] and "" or "  ") .. text:gsub("%s+", " "):gsub(" $", "")
end

--- The lines of a list of instructions; see weir.native.program.
---@param list table[]
---@return string[]
function M.lines(list)
  local lines, numbers, count = {}, {}, 0
  for i, item in ipairs(list) do
    if item.label ~= nil and not numbers[item.label] then
      count = count + 1
      numbers[item.label] = count
    end
    lines[i] = line_of(item, numbers[item.label])
  end
  return lines
end

return M
