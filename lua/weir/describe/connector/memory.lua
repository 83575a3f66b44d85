--- weir.memory: records of the script itself, and a place to collect some.

return {
  kind = "memory",
  uses = { source = true, sink = true },
  options = {
    records = {
      kind = "table",
      required = "source",
      usage = "weir.memory{ records = { { n = 1 }, { n = 2 } } }",
    },
  },
  doc = {
    name = "memory",
    group = "sources and sinks",
    usage = "weir.memory{ records = { { n = 1 }, { n = 2 } } }",
    signature = "weir.memory{ records, name }",
    summary = "As a source, the records of a list; as a sink, keeps what comes, for tests and for"
      .. " the REPL.",
    shape = "list <-> records",
    errors = "What is no record, such as a text in the list, ends the run and names the line.",
    cost = "All records are in memory.",
    example = [[
weir.from(weir.memory{ records = { { n = 1 }, { n = 2 } } }):filter "n > 1" :to "large.jsonl"]],
    output = { { n = 2 } },
  },
}
