--- A secret by name: options take it, nothing prints it, the engine resolves it.

local M = {}

local Secret = { what = "a secret" }
Secret.__index = Secret

function Secret.__tostring()
  return "***"
end

function Secret.__concat()
  error("a secret cannot be joined to a text: give it to an option as it is", 2)
end

-- Names are kept beside the objects, so that walking a graph cannot show a value
-- even once the engine has one.
local names = setmetatable({}, { __mode = "k" })

---@param name string
function M.new(name)
  local secret = setmetatable({}, Secret)
  names[secret] = name
  return secret
end

--- The secret's name, or nil if `value` is none.
function M.name_of(value)
  return names[value]
end

return M
