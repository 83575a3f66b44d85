--- weir.json: JSON lines, and arrays at the top level.

return {
  kind = "json",
  suffixes = { "json", "jsonl", "ndjson" },
  options = { strict = { kind = "boolean", default = false } },
  doc = {
    name = "json",
    group = "codecs",
    signature = "weir.json{ strict = false }",
    summary = "One JSON object a line, or an array of objects. That quotes close, brackets balance"
      .. " and text is UTF-8 is checked of every record, the rest where a field is touched;"
      .. " strict checks it all.",
    shape = "bytes <-> records",
    errors = "What is malformed is a dead letter with its position.",
    body = [[

Reading a field checks its value: a number that is none, a word such as nul, or a
control character in a text makes a dead letter, and so does copying one. What is
between fields is not checked, and a key that is not in double quotes is no field:
{'a':1} has none called a. Give strict where others make the JSON and a reader
behind you is less forgiving.]],
    cost = "One pass; a record that nothing changes is written back as the bytes it came in.",
    example = [[
weir.from(weir.file{ path = "in.log", codec = weir.json{ strict = true } }):to "out.jsonl"]],
    rule = "RFC 8259",
  },
}
