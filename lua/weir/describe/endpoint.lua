--- Sources and sinks as a script names them: `weir.file{ path = "access.jsonl" }`.
--
-- One object can stand on either side; which options fit is known only where it is
-- used. Used twice as a sink it is one sink with two inputs, used twice as a source
-- one source with two readers. A described one is `{ kind = "file", <options>, codec }`.
--
--     definition = {
--       kind = "file", uses = { source = true, sink = true },
--       options = { append = { kind = "boolean", only = "sink" },
--                   path = { kind = "list", required = true,       -- or = "source"
--                            sink = { kind = "string" } },         -- differs as a sink
--                   ... },
--       codec = true,                           -- it reads or writes bytes
--       items = "source",                       -- its list part is a list of these
--       subject = function(o) ... end,          -- its name's second half
--       check = function(o, use) ... end,       -- what is wrong with it, or nil
--       doc = { ... },
--     }

local codec = require("weir.describe.codec")
local errors = require("weir.lib.errors")
local keys = require("weir.lib.keys")
local options = require("weir.lib.options")

local M = {}

local Endpoint = { what = "a source or sink" }
Endpoint.__index = Endpoint

local common = {
  name = { kind = "string" },
  codec = { kind = "codec" },
}

local constructors = {}

-- The spec for a use: "source", "sink", or nil where the use is not known yet.
local function spec_for(definition, use)
  local spec = { name = common.name, codec = definition.codec and common.codec or nil }
  for name, option in pairs(definition.options) do
    if not (use and option.only) or option.only == use then
      local copy = {}
      for key, value in pairs(option) do
        copy[key] = value
      end
      for key, value in pairs(use and option[use] or {}) do
        copy[key] = value
      end
      copy.required = option.required == true or (use ~= nil and option.required == use)
      spec[name] = copy
    end
  end
  return spec
end

local function split_items(definition, given)
  if not definition.items or type(given) ~= "table" then
    return given
  end
  local named, items = {}, {}
  for key, value in pairs(given) do
    if type(key) == "number" then
      items[key] = value
    else
      named[key] = value
    end
  end
  return named, items
end

--- Adds a source or sink and returns its constructor.
function M.define(definition)
  local any = spec_for(definition, nil)
  local function construct(given)
    local where = errors.where()
    local subject = "weir." .. definition.kind
    if type(given) ~= "table" and given ~= nil then
      errors.raise(where, "%s: takes one table, such as %s", subject, definition.doc.usage)
    end
    local named, items = split_items(definition, given or {})
    options.check(any, named, { subject = subject, where = where })
    return setmetatable({
      definition = definition,
      given = named,
      items = items,
      where = where,
    }, Endpoint)
  end
  constructors[definition.kind] = construct
  return construct
end

--- Whether a value is an object that a constructor made.
function M.is(value)
  return getmetatable(value) == Endpoint
end

local function refuse_misplaced(endpoint, use)
  local definition = endpoint.definition
  for _, name in ipairs(keys.sorted(endpoint.given)) do
    local option = definition.options[name]
    if option and option.only and option.only ~= use then
      errors.raise(endpoint.where, 'weir.%s: option "%s" belongs to a %s, and this is a %s',
        definition.kind, name, option.only, use)
    end
  end
end

-- Formats that neither a codec reads or writes, by the suffix that people give them.
local FOREIGN = {}
for suffix in ("parquet avro orc arrow feather xlsx xls ods xml yaml yml toml msgpack pb bson"
  .. " html npy pkl"):gmatch("%S+") do
  FOREIGN[suffix] = true
end

local function refuse_foreign(path, subject, where)
  local suffix = path:lower():match("%.(%w+)$")
  if FOREIGN[suffix] then
    errors.raise(where, '%s: weir has no codec for ".%s"; for JSON lines under that name say'
      .. ' codec = "json"', subject, suffix)
  end
end

local function codec_of_paths(paths, subject, where)
  for _, path in ipairs(paths) do
    refuse_foreign(path, subject, where)
  end
  local kind = codec.kind_of_path(paths[1])
  for _, path in ipairs(paths) do
    if codec.kind_of_path(path) ~= kind then
      errors.raise(where, '%s: "%s" and "%s" have different formats; say codec = "%s",'
        .. " or make two sources", subject, paths[1], path, kind)
    end
  end
  return codec.make(kind, nil, { subject = subject, where = where })
end

local function items_of(endpoint, context)
  local out = {}
  for i, item in ipairs(endpoint.items) do
    local what = ("%s: item %d"):format(context.subject, i)
    out[i] = options.read(item, { kind = endpoint.definition.items }, what, context.where)
  end
  if #out == 0 then
    errors.raise(context.where, "%s: needs at least one; for example %s", context.subject,
      endpoint.definition.doc.usage)
  end
  return out
end

--- What a script's value describes as a source or sink: the plain table and its name.
---@param endpoint table  made by a constructor
---@param use "source"|"sink"
---@param where string  of the use
---@return table described
---@return string? name  as the script gave it
function M.describe(endpoint, use, where)
  local definition = endpoint.definition
  local context = { subject = "weir." .. definition.kind, where = endpoint.where }
  if not definition.uses[use] then
    errors.raise(where, "weir.%s is no %s: %s", definition.kind, use, use == "sink"
      and "it can only stand in weir.from" or "it can only stand in :to")
  end
  refuse_misplaced(endpoint, use)
  local out = options.check(spec_for(definition, use), endpoint.given, context)
  local name = out.name
  out.name, out.kind = nil, definition.kind
  if definition.items then
    out[definition.items .. "s"] = items_of(endpoint, context)
  end
  if definition.codec and not out.codec then
    local paths = type(out.path) == "table" and out.path or { out.path }
    out.codec = codec_of_paths(#paths > 0 and paths or { "" }, context.subject, context.where)
  end
  local problem = definition.check and definition.check(out, use)
  if problem then
    errors.raise(endpoint.where, "weir.%s: %s", definition.kind, problem)
  end
  return out, name
end

--- A source or sink object from what may stand for one: itself, a text, a list of texts.
---@return table? endpoint  nil if the value can stand for none
function M.of(value)
  if M.is(value) then
    return value
  end
  local is_text = type(value) == "string" and value ~= ""
  local is_list = type(value) == "table" and getmetatable(value) == nil
    and type(value[1]) == "string"
  if is_text or is_list then
    return constructors.file({ path = value })
  end
end

options.define("source", function(value, _, where)
  local endpoint = M.of(value)
  if endpoint then
    return (M.describe(endpoint, "source", where))
  end
  return nil, "a source such as weir.file{ path = \"access.jsonl\" }, or a path"
end)

--- The second half of a derived name.
function M.subject(described, definition)
  return definition.subject and definition.subject(described)
end

return M
