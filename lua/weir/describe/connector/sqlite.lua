--- weir.sqlite: tables of a SQLite database.

local batch = require("weir.describe.batch")
local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local retries = require("weir.describe.retries")

local TYPES = { "string", "integer", "number", "boolean", "text", "real", "numeric", "blob" }

local known = {}
for _, name in ipairs(TYPES) do
  known[name] = true
end

-- What is wrong with the types of a schema, or nil.
local function check_schema(schema)
  for _, column in ipairs(keys.sorted(schema)) do
    local given = schema[column]
    if type(column) ~= "string" then
      return 'schema: columns by name are needed, such as { id = "integer" }'
    elseif type(given) ~= "string" then
      return ('schema: the type of "%s" is a text such as "integer"'):format(column)
    elseif not known[given:lower()] then
      return ('schema: "%s" has no type "%s"%s; valid: %s'):format(column, given,
        nearest.hint(given, TYPES), table.concat(TYPES, ", "))
    end
  end
end

return {
  kind = "sqlite",
  uses = { source = true, sink = true },
  options = {
    path = { kind = "string", required = true, usage = 'path = "traffic.db"' },
    table = { kind = "string", required = "sink", usage = 'table = "areas"' },
    query = { kind = "string", only = "source" },
    key = { kind = "list", only = "sink" },
    schema = { kind = "table", only = "sink" },
    batch = {
      kind = "batch",
      only = "sink",
      usual = { records = 10000, bytes = "1MiB", every = "1s" },
      default = {},
    },
    retries = { kind = "retries", only = "sink" },
  },
  subject = function(described)
    return described.table or described.path
  end,
  check = function(described, use)
    if use == "source" and (described.table == nil) == (described.query == nil) then
      return 'a source needs either table = "areas" or query = "select ..."'
    end
    return described.schema and check_schema(described.schema)
  end,
  doc = {
    name = "sqlite",
    group = "sources and sinks",
    usage = 'weir.sqlite{ path = "traffic.db", table = "areas" }',
    signature = "weir.sqlite{ path!, table, query, key, schema,"
      .. ' batch = { records = 10000, bytes = "1MiB", every = "1s" }, retries, name }',
    summary = "A SQLite database. As a sink it writes rows to a table, which it creates from"
      .. " schema ({ column = \"integer\", ... }) or from the first records; with key, a row"
      .. " whose key is there already is replaced. Types are string integer number boolean, and"
      .. " SQLite's text real numeric blob. As a source it reads a table or a query.",
    body = [[

]] .. batch.doc .. [[ Together
they are one transaction: others see a row at the latest so long after it came, and
a batch is in the table as a whole or not at all.

]] .. retries.waits,
    shape = "rows <-> records",
    errors = "A row that the database refuses is a dead letter, and so is an integer that its"
      .. " column cannot hold exactly; a database that cannot be opened"
      .. " stops the run before it begins.",
    units = "batch.every: how long a row may wait for its transaction; \"0s\": not at all.",
    cost = "One transaction a batch, which is synced when SQLite's log is.",
    example = [[
weir.from "areas.jsonl" :to(weir.sqlite{ path = "traffic.db", table = "areas", key = "area" })]],
  },
}
