--- Names of fields that a script writes: records are UTF-8, so their names are too.

local errors = require("weir.lib.errors")
local options = require("weir.lib.options")
local C = require("weir.cdef").load("engine/data/json.h")

local M = {}

local function escaped(byte)
  return ("\\%d"):format(byte:byte())
end

--- Refuses, at `where`, a name that no record can have.
---@param name string
---@param where string
function M.check(name, where)
  if C.weir_utf8_check(name, #name) ~= #name then
    errors.raise(where, 'the field name "%s" is not valid UTF-8; save the script as UTF-8',
      (name:gsub("[\128-\255]", escaped)))
  end
  return name
end

--- One name.
options.define("field", function(value, _, where)
  if type(value) ~= "string" or value == "" then
    return nil, "the name of a field"
  end
  return M.check(value, where)
end)

--- One that a record has at its top: "a", or "['a.b']" where the name has a dot, since a
-- dot leads into a nested value elsewhere.
---@param name string
---@param where string
local function top(name, where)
  local literal = name:match("^%[(['\"]).-%1%]$") and name:sub(3, -3)
  if not literal and name:find("[.%[]") then
    errors.raise(where, '"%s" reads as a field inside a field, and fields of the record itself are'
      .. " wanted here: use :map or :select for what is inside; a name with a dot is"
      .. " \"['%s']\"", name, name)
  end
  return M.check(literal or name, where)
end

options.define("top_field", function(value, _, where)
  if type(value) ~= "string" or value == "" then
    return nil, "the name of a field"
  end
  return top(value, where)
end)

--- A list of those.
options.define("top_fields", function(value, option, where)
  local names, expected = options.kind("list")(value, option, where)
  for i, name in ipairs(names or {}) do
    names[i] = top(name, where)
  end
  return names, expected
end)

--- A list of names; one text stands for a list of one.
options.define("fields", function(value, option, where)
  local names, expected = options.kind("list")(value, option, where)
  for _, name in ipairs(names or {}) do
    M.check(name, where)
  end
  return names, expected
end)

return M
