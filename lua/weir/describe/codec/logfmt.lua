--- weir.logfmt: `level=warn msg="disk full" free=3`.

return {
  kind = "logfmt",
  suffixes = { "logfmt" },
  options = {},
  doc = {
    name = "logfmt",
    group = "codecs",
    signature = "weir.logfmt{}",
    summary = "Lines of key=value, values with spaces in quotes; a key alone is true.",
    shape = "bytes <-> records of one level",
    errors = "A quote that does not close makes the line a dead letter.",
    cost = "One pass.",
    example = [[
weir.from "app.logfmt" :to "app.jsonl"]],
  },
}
