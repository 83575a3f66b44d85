--- The public face: `local weir = require "weir"`. What is not here is private.
--
-- It joins what the rooms below know nothing of each other for: operators become methods
-- of streams, connectors and codecs become constructors, and all enter the reference.

local aggregates = require("weir.describe.aggregates")
local arrange = require("weir.describe.arrange")
local codec = require("weir.describe.codec")
local endpoint = require("weir.describe.endpoint")
local ends = require("weir.describe.ends")
local errors = require("weir.lib.errors")
local expr = require("weir.describe.expr")
local lambda = require("weir.describe.lambda")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local params = require("weir.describe.params")
local reference = require("weir.describe.reference")
local rules = require("weir.describe.rules")
local settings = require("weir.describe.settings")
local stream = require("weir.describe.stream")
local text = require("weir.expr.text")
local tls = require("weir.describe.tls")

expr.read_texts_with(text.compile)

local weir = {
  from = ends.from,
  dead_letters = ends.dead_letters,
  options = settings.options,
  params = params.params,
  param = params.param,
  secret = params.secret,
  value = expr.value,
}

local operators = {
  "filter", "map", "flat_map", "select", "set", "rename", "drop_fields", "take", "skip", "tap",
  "parse", "route", "split", "merge", "buffer", "delay", "throttle", "priority", "aggregate",
  "sort", "top", "sample", "dedup", "batch", "map_async", "exec",
}

local connectors = {
  "file", "tail", "standard", "exec", "tcp", "unix", "udp", "syslog", "http", "memory", "concat",
  "generate", "interval", "sqlite", "bus", "discard",
}

local codecs = { "json", "csv", "lines", "logfmt", "pattern", "syslog" }

local function add_docs(docs)
  for _, doc in ipairs(docs) do
    reference.add(doc)
  end
end

-- A file defines one thing, or a list of things that share their reasons.
local function each_definition(room, names, visit)
  for _, name in ipairs(names) do
    local found = require(room .. name)
    for _, definition in ipairs(found.kind and { found } or found) do
      visit(definition)
      if definition.doc then
        reference.add(definition.doc)
      end
    end
  end
end

add_docs(ends.docs)
add_docs(params.docs)
add_docs(settings.docs)
add_docs(arrange.docs)
each_definition("weir.op.", operators, stream.define)
add_docs(aggregates.docs)
each_definition("weir.describe.connector.", connectors, function(definition)
  weir[definition.kind] = endpoint.define(definition)
end)
add_docs(tls.docs)
each_definition("weir.describe.codec.", codecs, function(definition)
  local construct = codec.define(definition)
  weir[definition.kind] = weir[definition.kind] or construct -- a source speaks for both
end)
add_docs(lambda.docs)
add_docs(rules.docs)

for name, fn in pairs(lambda.functions) do
  weir[name] = fn
end
for _, kind in ipairs({ "count", "sum", "avg", "min", "max", "first", "last" }) do
  weir[kind] = aggregates[kind]
end

return setmetatable(weir, {
  __index = function(_, name)
    local shown = "weir." .. tostring(name)
    local known = keys.sorted(weir)
    local hint = nearest.hint(tostring(name), known)
    if hint == "" then
      hint = "; there are " .. table.concat(known, ", ")
    end
    errors.raise(errors.where(), "%s: there is no such name%s", shown, hint)
  end,
})
