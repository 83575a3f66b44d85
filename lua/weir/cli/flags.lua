--- Reads the words of a command line by a list of flags.
--
--     { name = "workers", kind = "integer", min = 1, value = "N", help = "..." }
--     { name = "quiet", short = "q", help = "..." }           -- a switch: no `value`
--     { name = "max-errors", kind = { "integer", "share" }, by_kind = true, ... }
--     { name = "set", kind = "string", value = "NAME=VALUE", repeated = true, help = "..." }
--
-- Words:  --name VALUE   --name=VALUE   -n VALUE   -nVALUE   --   and plain ones.

local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")

local M = {}

local function index(flags)
  local by_word, words = {}, {}
  for _, flag in ipairs(flags) do
    by_word["--" .. flag.name] = flag
    words[#words + 1] = "--" .. flag.name
    if flag.short then
      by_word["-" .. flag.short] = flag
    end
  end
  return by_word, words
end

-- "--name=value" and "-nvalue" in two; a word that is neither stays whole.
local function split(word, by_word)
  local name, value = word:match("^(%-%-[^=]+)=(.*)$")
  if name then
    return name, value
  elseif not word:find("^%-%-") and #word > 2 then
    local flag = by_word[word:sub(1, 2)]
    if flag and flag.value then
      return word:sub(1, 2), word:sub(3)
    end
  end
  return word, nil
end

-- Raises what options.read says.
local function read(flag, text)
  local value = flag.kind ~= "string" and tonumber(text) or text
  local result, kind = options.read(value, flag, "--" .. flag.name, "weir")
  return flag.by_kind and { [kind] = result } or result
end

local function refuse(message, ...)
  error("weir: " .. message:format(...), 0)
end

local function store(values, flag, value)
  local key = flag.name:gsub("-", "_")
  if flag.repeated then
    values[key] = values[key] or {}
    table.insert(values[key], value)
  elseif flag.once and values[key] ~= nil then
    refuse("--%s stands twice; %s", flag.name, flag.once)
  else
    values[key] = value
  end
end

local function take(words, at, by_word, names, values)
  local word, value = split(words[at], by_word)
  local flag = by_word[word]
  if not flag then
    refuse("unknown flag %s%s", word, nearest.hint(word, names))
  elseif not flag.value then
    if value then
      refuse("%s takes no value", word)
    end
    store(values, flag, true)
    return at
  elseif not value then
    at = at + 1
    value = words[at] or refuse("%s needs a value: %s %s", word, word, flag.value)
  end
  store(values, flag, read(flag, value))
  return at
end

local function parse(words, flags)
  local by_word, names = index(flags)
  local result = { values = {}, plain = {}, after = {} }
  local at = 1
  while at <= #words do
    local word = words[at]
    if word == "--" then
      result.after = { unpack(words, at + 1) }
      return result
    elseif word:find("^%-.") then
      at = take(words, at, by_word, names, result.values)
    else
      table.insert(result.plain, word)
    end
    at = at + 1
  end
  return result
end

--- { values = by name, plain = words, after = words behind "--" }, or nil, message.
---@param words string[]
---@param flags table[]
function M.parse(words, flags)
  local ok, result = pcall(parse, words, flags)
  if ok then
    return result
  end
  return nil, result
end

return M
