--- weir.concat: sources one after the other.

return {
  kind = "concat",
  uses = { source = true },
  items = "source",
  options = {},
  doc = {
    name = "concat",
    group = "sources and sinks",
    usage = 'weir.concat{ "monday.jsonl", "tuesday.jsonl" }',
    signature = "weir.concat{ source, ..., name }",
    summary = "Reads sources one after the other: the second begins when the first has ended. To"
      .. " read them at the same time, give them all to weir.from.",
    shape = "sources -> records",
    errors = "As those of its sources.",
    cost = "None.",
    example = [[
weir.from(weir.concat{ "monday.jsonl", weir.file{ path = "tuesday.csv" } }):to "days.jsonl"]],
  },
}
