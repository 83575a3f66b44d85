--- Tables that scripts read and cannot change.
--
-- What a script is given is an empty table that answers from a hidden one. So a
-- script cannot put anything in the place of a function that another one calls, and
-- `next`, `rawset`, `setmetatable` find nothing to hold on to.

local M = {}

local hidden = setmetatable({}, { __mode = "k" })

--- The table that a frozen one answers from; never for scripts.
function M.contents(value)
  return hidden[value]
end

--- A plain table of what a frozen one holds.
function M.copy(value)
  local copy = {}
  for key, one in pairs(hidden[value]) do
    copy[key] = one
  end
  return copy
end

function M.is(value)
  return hidden[value] ~= nil
end

--- Freezes contents under a name.
---@param name string  as messages call it; "" for the globals
---@param contents table
---@param absent table<string, string>?  names that are left out on purpose, and what to do
---   instead; nil: contents answer for themselves
---@return table
function M.new(name, contents, absent)
  local prefix = name == "" and "" or name .. "."
  -- Names that are there never reach __index of this one.
  if absent then
    setmetatable(contents, {
      __index = function(_, key)
        local remedy = absent[key]
        if remedy then
          error(("%s%s is not here: %s"):format(prefix, key, remedy), 2)
        end
      end,
    })
  end
  local frozen = setmetatable({}, {
    __index = contents,
    __newindex = function(_, key)
      if name == "" then
        error(("cannot set the global %s: use local"):format(tostring(key)), 2)
      end
      error(("cannot set %s%s: it belongs to weir"):format(prefix, tostring(key)), 2)
    end,
    __metatable = false,
  })
  hidden[frozen] = contents
  return frozen
end

return M
