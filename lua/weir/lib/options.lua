--- Options: one table with a spec. What a script passes is checked against it,
-- given its defaults, and normalised; anything else is refused at the script's line.
--
--     local spec = {
--       path = { kind = "string", required = true },
--       every = { kind = "duration", default = "10s" },     -- arrives as every_ns
--       overflow = { kind = "enum", values = { "stop", "spill" } },
--     }
--     local o = options.check(spec, given, { subject = "file", where = where })
--
-- A quantity arrives under a name that carries its unit: duration `every` as
-- `every_ns`, size `max_record` as `max_record_bytes`, rate `rate` as `rate_per_s`.
-- Kinds that need a higher room (expr, codec, ...) are added by it with `define`.

local address = require("weir.lib.address")
local duration = require("weir.lib.duration")
local errors = require("weir.lib.errors")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local rate = require("weir.lib.rate")
local secret = require("weir.lib.secret")
local share = require("weir.lib.share")
local size = require("weir.lib.size")

local M = {}

local suffix = { duration = "_ns", size = "_bytes", rate = "_per_s" }

--- name = function(value, option, where) -> normalised, or nil and what was expected
local kinds = {}

local function plain(kind, expected)
  return function(value)
    if type(value) == kind then
      return value
    end
    return nil, expected
  end
end

kinds.boolean = plain("boolean", "true or false")
kinds.table = plain("table", "a table")
kinds.fn = plain("function", "a function")

function kinds.duration(value)
  local ns, expected = duration.parse_ns(value)
  if ns and ns < 0 then
    return nil, "a duration that is not below zero"
  end
  return ns, expected
end

kinds.size = size.parse_bytes
kinds.rate = rate.parse_per_s
kinds.share = share.parse
kinds.address = address.parse

function kinds.any(value)
  return value
end

function kinds.string(value)
  if (type(value) == "string" and value ~= "") or secret.name_of(value) then
    return value
  end
  return nil, value == "" and "a text that is not empty" or "a text"
end

local function in_range(value, option)
  return value == value
    and value >= (option.min or -math.huge)
    and value <= (option.max or math.huge)
end

local function range_text(what, option)
  if option.min and option.max then
    return ("%s from %s to %s"):format(what, option.min, option.max)
  elseif option.min then
    return ("%s of at least %s"):format(what, option.min)
  elseif option.max then
    return ("%s of at most %s"):format(what, option.max)
  end
  return what
end

function kinds.number(value, option)
  if type(value) == "number" and in_range(value, option) then
    return value
  end
  return nil, range_text("a number", option)
end

function kinds.integer(value, option)
  local is_integer = type(value) == "number" and value % 1 == 0 and math.abs(value) <= 2 ^ 53
  if is_integer and in_range(value, option) then
    return value
  end
  return nil, range_text("a whole number", option)
end

local function quoted(names)
  local out = {}
  for i, name in ipairs(names) do
    out[i] = '"' .. name .. '"'
  end
  return out
end

function kinds.enum(value, option)
  for _, allowed in ipairs(option.values) do
    if value == allowed then
      return value
    end
  end
  local hint = type(value) == "string" and nearest.hint(value, option.values) or ""
  return nil, table.concat(quoted(option.values), " or "), hint
end

--- A list of texts; one text stands for a list of one.
function kinds.list(value)
  if type(value) == "string" then
    return { value }
  end
  local out = {}
  for i, item in ipairs(type(value) == "table" and value or {}) do
    if type(item) ~= "string" then
      return nil, "a text or a list of texts"
    end
    out[i] = item
  end
  if #out == 0 then
    return nil, "a text or a list of texts"
  end
  return out
end

--- Adds a kind of a higher room.
---@param kind string
---@param read fun(value, option, where): any, string?, string?
function M.define(kind, read)
  kinds[kind] = read
end

--- The reader of a kind, for kinds made of others.
function M.kind(kind)
  return kinds[kind]
end

--- Reads one value by its option, raising at `where` if it does not fit.
---@param value any
---@param option table  { kind =, ... } of a spec
---@param what string  how a message calls it: `file: option "path"`
---@param where string
function M.read(value, option, what, where)
  local tried = type(option.kind) == "table" and option.kind or { option.kind }
  local expected, hint = {}, ""
  for _, kind in ipairs(tried) do
    local result, wanted, more = assert(kinds[kind], kind)(value, option, where)
    if result ~= nil then
      return result, kind
    end
    expected[#expected + 1] = wanted
    hint = more or hint
  end
  local usage = option.usage and "; for example " .. option.usage or ""
  errors.raise(where, "%s must be %s, not %s%s", what,
    table.concat(expected, " or "), errors.show(value), hint .. usage)
end

local function refuse_unknown(spec, given, context)
  local names = keys.sorted(spec)
  for _, key in ipairs(M.unknown(spec, given)) do
    local hint = type(key) == "string" and nearest.hint(key, names) or ""
    local valid = #names == 0 and " (it takes none)"
      or hint == "" and "; valid: " .. table.concat(names, ", ")
      or " (valid: " .. table.concat(names, ", ") .. ")"
    errors.raise(context.where, "%s: unknown option %s%s%s", context.subject,
      errors.show(key), hint, valid)
  end
end

--- The keys of `given` that `spec` does not have, in a fixed order.
function M.unknown(spec, given)
  local unknown = {}
  for _, key in ipairs(keys.sorted(given)) do
    if spec[key] == nil then
      unknown[#unknown + 1] = key
    end
  end
  return unknown
end

--- Checks `given` against `spec` and returns the normalised options.
---@param spec table<string, table>
---@param given table?
---@param context { subject: string, where: string }
function M.check(spec, given, context)
  if given ~= nil and type(given) ~= "table" then
    errors.raise(context.where, "%s: options are one table, not %s", context.subject,
      errors.show(given))
  end
  given = given or {}
  refuse_unknown(spec, given, context)
  local out = {}
  for _, name in ipairs(keys.sorted(spec)) do
    local option, value = spec[name], given[name]
    if value == nil then
      value = option.default
    end
    if value ~= nil then
      local what = ('%s: option "%s"'):format(context.subject, name)
      local result, kind = M.read(value, option, what, context.where)
      out[name .. (suffix[kind] or "")] = result
    elseif option.required then
      errors.raise(context.where, '%s: option "%s" is required%s', context.subject, name,
        option.usage and "; for example " .. option.usage or "")
    end
  end
  return out
end

return M
