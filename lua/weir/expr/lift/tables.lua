--- Methods of a builder about tables that the function makes: their members are slots
-- of the state, until something keeps the table.

local Tables = {}

local DEPTH_MAX = 8
local NIL = { constant = true } -- as the builder has it

local function member_key(id, name)
  return ("made %d %s %s"):format(id, type(name), name)
end

-- The names of a table in order, and whether it is a list; it may not be both.
function Tables:_names(id)
  local names, numbers = {}, 0
  for name in pairs(self.tables[id]) do
    names[#names + 1] = name
    numbers = numbers + (type(name) == "number" and 1 or 0)
  end
  if numbers == 0 then
    table.sort(names)
    return names, false
  end
  for i = 1, #names do
    if numbers ~= #names or not self.tables[id][i] then
      self:refuse("makes a list with holes, or with fields")
    end
    names[i] = i
  end
  return names, true
end

-- A table as it is now, for what keeps a copy of it.
function Tables:_table_value(id, depth)
  if depth > DEPTH_MAX then
    self:refuse("makes tables nested too deep")
  end
  local names, is_list = self:_names(id)
  local values = {}
  for i, name in ipairs(names) do
    values[i] = self:operand(self:stored(self:member(id, name), depth + 1))
    names[i] = tostring(name)
  end
  return self:compute({ op = is_list and "list" or "object", names = names, values = values })
end

--- The value as a record keeps it: a table that the function makes is copied.
function Tables:stored(value, depth)
  if value.made then
    return self:_table_value(value.made, depth or 1)
  end
  return self:settled(value)
end

--- A new one.
function Tables:table()
  self.tables[#self.tables + 1] = {}
  return { made = #self.tables }
end

function Tables:put(id, name, value)
  self.tables[id][name] = true
  self.state.slots[member_key(id, name)] = value
end

function Tables:member(id, name)
  return self.state.slots[member_key(id, name)] or NIL
end

--- The names that a table may have, as a set.
function Tables:members(id)
  return self.tables[id]
end

return Tables
