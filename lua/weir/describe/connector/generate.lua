--- weir.generate: records that a function makes.

return {
  kind = "generate",
  uses = { source = true },
  options = {
    fn = { kind = "fn", required = true, usage = "fn = function(n) return { n = n } end" },
    rate = { kind = "rate" },
    seed = { kind = "integer", default = 1 },
    count = { kind = "integer", min = 0 },
  },
  doc = {
    name = "generate",
    group = "sources and sinks",
    usage = "weir.generate{ count = 10, fn = function(n) return { n = n } end }",
    signature = "weir.generate{ fn!, rate, seed = 1, count, name }",
    summary = "Calls fn(n) for n = 1, 2, ... up to count, without count for ever; each table that"
      .. " it returns is a record, and nil ends the stream. weir.random() in it begins from seed,"
      .. " so each run makes the same records.",
    shape = "-> records",
    units = "rate: records a second, such as \"100/s\"; without it as fast as they are taken.",
    errors = "What is neither a table nor nil ends the run and names the line.",
    cost = "One call a record.",
    example = [[
weir.from(weir.generate{ count = 3, fn = function(n) return { n = n * n } end })
  :to "squares.jsonl"]],
    output = { { n = 1 }, { n = 4 }, { n = 9 } },
  },
}
