--- weir.lines: one record a line, its text in a field.

return {
  kind = "lines",
  options = { field = { kind = "field", default = "message" } },
  doc = {
    name = "lines",
    group = "codecs",
    signature = 'weir.lines{ field = "message" }',
    summary = "Each line is a record with its text in one field, and back.",
    shape = "bytes <-> records of one field",
    errors = "A line that is no valid UTF-8 is a dead letter.",
    cost = "One pass.",
    example = [[
weir.from(weir.file{ path = "app.log", codec = "lines" }):filter "message contains 'ERROR'"
  :to "errors.jsonl"]],
  },
}
