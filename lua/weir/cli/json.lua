--- JSON for the few lines that the program itself writes, keys in the order given.

local keys = require("weir.lib.keys")

local M = {}

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(byte)
  return escapes[byte] or ("\\u%04x"):format(byte:byte())
end

local function text(value)
  return '"' .. value:gsub('[%c"\\]', escape) .. '"'
end

local function number(value)
  if value ~= value or math.abs(value) == math.huge then
    return "null"
  end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

--- A number, text, boolean or nil.
function M.scalar(value)
  local kind = type(value)
  if kind == "number" then
    return number(value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  return value ~= nil and text(tostring(value)) or "null"
end

--- { { "name", json }, ... } as an object; a nil json leaves the member out.
function M.object(members)
  local parts = {}
  for _, member in ipairs(members) do
    if member[2] then
      parts[#parts + 1] = text(member[1]) .. ":" .. member[2]
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- A list as an array, each element written by `write`.
function M.array(list, write)
  local parts = {}
  for i, element in ipairs(list) do
    parts[i] = write(element)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- A flat table as an object: the named members, in that order.
function M.pick(from, names)
  local members = {}
  for i, name in ipairs(names) do
    members[i] = { name, from[name] ~= nil and M.scalar(from[name]) or nil }
  end
  return M.object(members)
end

--- A map of scalars as an object, keys in byte order.
function M.map(from)
  return M.pick(from, keys.sorted(from))
end

return M
