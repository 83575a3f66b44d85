--- weir.stdin, weir.stdout, weir.stderr: the streams that every process has.

local function sink(kind, what)
  return {
    kind = kind,
    uses = { sink = true },
    codec = true,
    options = {},
    doc = {
      name = kind,
      group = "sources and sinks",
      usage = ("weir.%s{}"):format(kind),
      signature = ("weir.%s{ codec, name }"):format(kind),
      summary = ("Writes to %s, as JSON lines unless codec says otherwise."):format(what),
      shape = "records -> bytes",
      errors = "A reader that goes away ends the run as Ctrl-C does.",
      cost = "Written in blocks; on a terminal, line by line.",
      example = ('weir.from "access.jsonl" :to(weir.%s{ codec = "csv" })'):format(kind),
    },
  }
end

return {
  {
    kind = "stdin",
    uses = { source = true },
    codec = true,
    options = { max_record = { kind = "size", default = "16MiB" } },
    doc = {
      name = "stdin",
      group = "sources and sinks",
      usage = "weir.stdin{}",
      signature = 'weir.stdin{ codec, name, max_record = "16MiB" }',
      summary = "Reads standard input, as JSON lines unless codec says otherwise; gzip and zstd"
        .. " are known by their content.",
      shape = "bytes -> records",
      units = "max_record: bytes of one record.",
      errors = "Malformed records are dead letters.",
      cost = "As weir.file.",
      example = [[
weir.from(weir.stdin{ codec = "csv" }):to "in.jsonl"]],
    },
  },
  sink("stdout", "standard output"),
  sink("stderr", "standard error"),
}
