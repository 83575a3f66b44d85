--- weir.sqlite: tables of a SQLite database.

return {
  kind = "sqlite",
  uses = { source = true, sink = true },
  options = {
    path = { kind = "string", required = true, usage = 'path = "traffic.db"' },
    table = { kind = "string", required = "sink", usage = 'table = "areas"' },
    query = { kind = "string", only = "source" },
    key = { kind = "list", only = "sink" },
    schema = { kind = "table", only = "sink" },
  },
  subject = function(described)
    return described.table or described.path
  end,
  check = function(described, use)
    if use == "source" and (described.table == nil) == (described.query == nil) then
      return 'a source needs either table = "areas" or query = "select ..."'
    end
  end,
  doc = {
    name = "sqlite",
    group = "sources and sinks",
    usage = 'weir.sqlite{ path = "traffic.db", table = "areas" }',
    signature = "weir.sqlite{ path!, table, query, key, schema, name }",
    summary = "A SQLite database. As a sink it writes rows to a table, which it creates from"
      .. " schema ({ column = \"integer\", ... }) or from the first records; with key, a row"
      .. " whose key is there already is replaced. As a source it reads a table or a query.",
    shape = "rows <-> records",
    errors = "A row that the database refuses is a dead letter; a database that cannot be opened"
      .. " stops the run before it begins.",
    cost = "1,000 rows or more go in one transaction.",
    example = [[
weir.from "areas.jsonl" :to(weir.sqlite{ path = "traffic.db", table = "areas", key = "area" })]],
  },
}
