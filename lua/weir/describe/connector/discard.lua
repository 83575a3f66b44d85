--- weir.discard: a sink that counts and keeps nothing.

return {
  kind = "discard",
  uses = { sink = true },
  options = {},
  doc = {
    name = "discard",
    group = "sources and sinks",
    usage = "weir.discard{}",
    signature = "weir.discard{ name }",
    summary = "Counts what it gets and keeps nothing: the end of a stream of which only the"
      .. " side effects matter, or the count.",
    shape = "records -> nothing",
    errors = "None.",
    cost = "None.",
    example = [[
weir.from "access.jsonl" :filter "status >= 500" :to(weir.discard{ name = "errors" })]],
  },
}
