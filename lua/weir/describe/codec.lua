--- Codecs as a script names them: `weir.csv{ delimiter = ";" }`, "csv", "nginx.access",
-- "%{IP:client} ...". A described codec is `{ kind = "csv", <options> }`.

local errors = require("weir.lib.errors")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")

local M = {}

local Codec = { what = "a codec" }
Codec.__index = Codec

local definitions = {} -- by kind
local by_suffix = {}

local COMPRESSED = { gz = true, zst = true }

--- Adds a codec and returns its constructor.
---@param definition { kind: string, options: table, suffixes: string[]?, doc: table }
function M.define(definition)
  definitions[definition.kind] = definition
  for _, suffix in ipairs(definition.suffixes or {}) do
    by_suffix[suffix] = definition.kind
  end
  return function(given)
    local where = errors.where()
    local context = { subject = "weir." .. definition.kind, where = where }
    return setmetatable({
      codec = M.make(definition.kind, given, context),
    }, Codec)
  end
end

--- The described codec of a kind with options.
function M.make(kind, given, context)
  local codec = options.check(definitions[kind].options, given, context)
  codec.kind = kind
  return codec
end

local function kinds()
  return keys.sorted(definitions)
end

-- Plain words that are near no codec are names of stock patterns ("nginx.access",
-- "dpkg"), which only planning can look up: describing reads no files.
local function of_text(text, where)
  if definitions[text] and text ~= "pattern" then
    return M.make(text, nil, { subject = "codec", where = where })
  end
  if not text:find("%%{") then
    local near = nearest.find(text, kinds())
    if near and not text:find(".", 1, true) then
      errors.raise(where, 'unknown codec "%s"; did you mean "%s"?', text, near)
    elseif not text:find("^[%w_.-]+$") then
      return nil, 'a codec such as "csv", a stock pattern such as "nginx.access",'
        .. ' or a pattern such as "%{IP:client} %{WORD:user}"'
    end
  end
  return M.make("pattern", { pattern = text }, { subject = "codec", where = where })
end

--- The codec that a path's suffix names, else "json".
---@param path string
function M.kind_of_path(path)
  local stem = path
  local last = path:match("%.(%w+)$")
  if last and COMPRESSED[last] then
    stem = path:sub(1, -#last - 2)
  end
  return by_suffix[stem:match("%.(%w+)$")] or "json"
end

--- The described codec that a value stands for, or nil and what was expected.
function M.read(value, _, where)
  if getmetatable(value) == Codec then
    return value.codec
  elseif type(value) == "string" and value ~= "" then
    return of_text(value, where)
  end
  return nil, 'a codec such as "csv" or weir.csv{ delimiter = ";" }'
end

options.define("codec", M.read)

return M
