--- Parameters: values of a script that its caller may set.
--
-- A value comes from --set, else from the --params file, else from WEIR_PARAM_NAME in
-- the environment, else from the default. Texts are converted to the parameter's type.

local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")
local secret = require("weir.lib.secret")

local M = {}

local Param = { what = "a weir.param" }
Param.__index = Param

local TYPES = { "string", "number", "integer", "boolean", "duration", "size", "table" }

local param_spec = {
  type = { kind = "enum", values = TYPES, required = true },
  default = { kind = "any" },
  help = { kind = "string" },
}

--- A parameter in full: `weir.param{ type = "string", help = "who gets the alerts" }`.
function M.param(given)
  local where = errors.where()
  local read = options.check(param_spec, given, { subject = "weir.param", where = where })
  return setmetatable(read, Param)
end

local convert = {
  number = tonumber,
  integer = tonumber,
  boolean = function(text)
    if text == "true" or text == "false" then
      return text == "true"
    end
  end,
}

-- Durations and sizes stay the texts that options take; here they are only checked.
local CHECKED_ONLY = { duration = true, size = true }

local function read_value(param, value, origin, where)
  local what = ('parameter "%s", from %s,'):format(param.name, origin)
  local from_text = type(value) == "string" and convert[param.type]
  local converted
  if from_text then
    converted = from_text(value)
  end
  if converted == nil then
    converted = value
  end
  -- An option that is empty is a mistake; a parameter may well be.
  if param.type == "string" and converted == "" then
    return ""
  end
  local read = options.read(converted, { kind = param.type }, what, where)
  return CHECKED_ONLY[param.type] and converted or read
end

local function type_of_default(value, name, where)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" or kind == "table" then
    return kind
  end
  errors.raise(where, 'weir.params: "%s" has %s for a default; say a text, a number or a boolean,'
    .. ' or weir.param{ type = "string" }', name, errors.show(value))
end

local function given_value(given, name)
  local environment = given.env or os.getenv
  local variable = "WEIR_PARAM_" .. name:upper()
  local origins = {
    { "--set", given.set and given.set[name] },
    { "the file of --params", given.file and given.file[name] },
    { variable, environment(variable) },
  }
  for _, entry in ipairs(origins) do
    if entry[2] ~= nil then
      return entry[2], entry[1]
    end
  end
end

local function resolve(name, declared, given, where)
  local in_full = getmetatable(declared) == Param
  local param = { name = name, where = where }
  param.type = in_full and declared.type or type_of_default(declared, name, where)
  param.help = in_full and declared.help or nil
  param.default = declared
  if in_full then
    param.default = declared.default
  end
  local value, origin = given_value(given, name)
  if value == nil then
    value, origin = param.default, "the default"
  end
  if value == nil then
    errors.raise(where, 'parameter "%s" must be given: --set %s=... (%s)', name, name,
      param.help or param.type)
  end
  param.value, param.from = read_value(param, value, origin, where), origin
  return param
end

-- A misspelt parameter would otherwise read as nil, and compare wrongly much later.
local function strict(values)
  return setmetatable(values, {
    __index = function(_, name)
      errors.raise(errors.where(), "no parameter is called %s%s", errors.show(name),
        nearest.hint(tostring(name), keys.sorted(values)))
    end,
  })
end

local function find_unknown(done, problems)
  local known = keys.sorted(done.graph.params)
  for origin, flag in pairs({ set = "--set", file = "--params" }) do
    for _, name in ipairs(options.unknown(done.graph.params, done.given[origin] or {})) do
      problems[#problems + 1] = ('%s: no parameter is called "%s"%s'):format(
        flag, tostring(name), #known == 0 and "; the script has none"
          or nearest.hint(tostring(name), known))
    end
  end
end

graph.on_finish(find_unknown)

--- Declares parameters and returns their values: `weir.params{ limit = 0.05 }`.
function M.params(declared)
  local where = errors.where()
  local building = graph.current("weir.params")
  if type(declared) ~= "table" or getmetatable(declared) ~= nil then
    errors.raise(where, "weir.params: takes one table, such as weir.params{ limit = 0.05 }, not %s",
      errors.show(declared))
  end
  local values = {}
  for name in pairs(declared) do
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
      errors.raise(where, "weir.params: a parameter's name is a word, not %s", errors.show(name))
    end
  end
  for _, name in ipairs(keys.sorted(declared)) do
    if building.graph.params[name] then
      errors.raise(where, 'weir.params: "%s" is declared at %s already', name,
        building.graph.params[name].where)
    end
    local param = resolve(name, declared[name], building.given, where)
    building.graph.params[name], values[name] = param, param.value
  end
  return strict(values)
end

--- A secret by name, for options only: `weir.secret "PAGER_TOKEN"`.
function M.secret(name)
  if type(name) ~= "string" or not name:find("^[%w_.-]+$") then
    errors.raise(errors.where(), "weir.secret: a name is needed, such as"
      .. ' weir.secret "TOKEN", not %s', errors.show(name))
  end
  return secret.new(name)
end

M.docs = {
  {
    name = "params",
    group = "script",
    signature = "weir.params{ name = default, ... }",
    summary = "Declares what a caller may set, and returns the values. They come from --set"
      .. " name=value, then from --params FILE (.json, .lua), then from WEIR_PARAM_NAME in the"
      .. " environment, then from the default, whose type is the parameter's.",
    shape = "-> table of values",
    errors = "A value of another type, and one set but not declared, are refused; so is reading"
      .. " one that was not declared.",
    cost = "None.",
    example = [[
local p = weir.params{ least = 500 }
weir.from "access.jsonl" :filter(function(r) return r.status >= p.least end):to "errors.jsonl"]],
    input = { { status = 500 }, { status = 200 } },
    output = { { status = 500 } },
  },
  {
    name = "param",
    group = "script",
    signature = "weir.param{ type!, default, help }",
    summary = "A parameter in full, inside weir.params. type is string, number, integer, boolean,"
      .. " duration, size or table. Without a default it must be given.",
    shape = "-> what weir.params takes",
    errors = "As weir.params.",
    cost = "None.",
    example = [[
local p = weir.params{ limit = weir.param{ type = "integer", default = 10, help = "how many" } }
weir.from "access.jsonl" :take(p.limit):to "head.jsonl"]],
  },
  {
    name = "secret",
    group = "script",
    signature = "weir.secret(name)",
    summary = "A secret by name: the file of that name in --secrets DIR, else the variable in the"
      .. " environment. Options that are one text take it; nothing prints it. weir.file takes none:"
      .. " its path tells the format.",
    shape = "-> what stands for a text in an option",
    errors = "One that is not there stops the run before it begins.",
    cost = "None.",
    example = [[
weir.from "rows.jsonl" :to(weir.sqlite{ path = weir.secret "DATABASE", table = "rows" })]],
  },
}

return M
