--- JSON in plain Lua, slow and obvious: texts to values and values to one text each.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local int = require("weir.native.int")
local keys = require("weir.lib.keys")
local null = require("weir.lib.null").null

local C = cdef.load("engine/data/number.h")

local M = {}

local ESCAPES = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }

local function unescape(text)
  return (text:gsub("\\(.)", function(c)
    return ESCAPES[c] or c
  end))
end

local read = ffi.new("weir_value")

local function number(text)
  if C.weir_number_read(text, #text, read) ~= 0 then
    error("no number: " .. text, 0)
  end
  return read.kind == C.WEIR_INTEGER and int.from(read) or read.number
end

local value_at

local function list_at(text, at, closer, item)
  at = text:match("^%s*()", at + 1)
  if text:sub(at, at) == closer then
    return at + 1
  end
  while true do
    at = item(at)
    local sign
    sign, at = text:match("^%s*([,%]}])%s*()", at)
    if sign == closer then
      return at
    elseif sign ~= "," then
      error("no list", 0)
    end
  end
end

local function text_at(text, at)
  local start = at + 1
  repeat
    at = text:find('[\\"]', at + 1) or error("no end of text", 0)
    local quote = text:sub(at, at) == '"'
    at = quote and at or at + 1
  until quote
  return unescape(text:sub(start, at - 1)), at + 1
end

local WORDS = { ["true"] = true, ["false"] = false, null = null }

function value_at(text, at)
  at = text:match("^%s*()", at)
  local first = text:sub(at, at)
  if first == '"' then
    return text_at(text, at)
  elseif first == "{" then
    local object = {}
    at = list_at(text, at, "}", function(place)
      local key, value
      key, place = text_at(text, place)
      place = text:match("^%s*:()", place) or error("no colon", 0)
      value, place = value_at(text, place)
      object[key] = value
      return place
    end)
    return object, at
  elseif first == "[" then
    local list = {}
    at = list_at(text, at, "]", function(place)
      list[#list + 1], place = value_at(text, place)
      return place
    end)
    return list, at
  end
  local word, behind = text:match("^(%l+)()", at)
  if word and WORDS[word] ~= nil then
    return WORDS[word], behind
  end
  word, behind = text:match("^([-+.%deE]+)()", at)
  return number(word or error("no value", 0)), behind
end

--- The value of a text, integers exact, null as weir.null. Raises for what is none.
function M.decode(text)
  local value, behind = value_at(text, 1)
  if text:find("%S", behind) then
    error("more than a value", 0)
  end
  return value
end

--- One text for each meaning: keys in order, an empty list the same as an empty object,
-- what JSON cannot say as null.
function M.canonical(value)
  local kind = type(value)
  if value == nil or value == null or value ~= value or value == 1 / 0 or value == -1 / 0 then
    return "null"
  elseif kind == "string" then
    return ("%q"):format(value)
  elseif kind == "number" then
    return ("%.17g"):format(value)
  elseif kind ~= "table" then
    return tostring(value)
  end
  local out = {}
  for i, key in ipairs(keys.sorted(value)) do
    out[i] = tostring(key) .. "=" .. M.canonical(value[key])
  end
  return "{" .. table.concat(out, ",") .. "}"
end

return M
