--- weir.pattern: lines of a known shape.

return {
  kind = "pattern",
  options = {
    pattern = {
      kind = "string",
      required = true,
      usage = 'weir.pattern{ pattern = "%{IP:client} %{WORD:user}" }',
    },
    define = { kind = "table" },
  },
  doc = {
    name = "pattern",
    group = "codecs",
    signature = "weir.pattern{ pattern!, define }",
    summary = "Lines by a pattern: text stands for itself, %{NAME:field} for what the definition"
      .. " NAME matches, written into field, %{NAME:field:integer} as a number. `define` adds"
      .. " definitions: { ORDER = \"A%{INT}\" }. A stock pattern is called by its name, such as"
      .. " \"nginx.access\".",
    shape = "lines -> records",
    errors = "A line that does not fit is a dead letter.",
    cost = "Compiled once; one pass a line.",
    example = [[
weir.from(weir.file{ path = "app.log", codec = "%{IP:client} %{WORD:user}" }):to "app.jsonl"]],
  },
}
