--- weir.file: files, as a source and as a sink.

local batch = require("weir.describe.batch")
local retries = require("weir.describe.retries")

return {
  kind = "file",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    path = {
      kind = "list",
      required = true,
      usage = 'weir.file{ path = "access.jsonl" }',
      sink = { kind = "string" },
    },
    append = { kind = "boolean", default = false, only = "sink" },
    compress = { kind = "enum", values = { "none", "gzip", "zstd" }, only = "sink" },
    max_open = { kind = "integer", default = 256, min = 1, only = "sink" },
    max_record = { kind = "size", default = "16MiB", only = "source" },
    batch = { kind = "batch", only = "sink" },
    retries = { kind = "retries", only = "sink" },
  },
  subject = function(described)
    local path = described.path
    return type(path) == "table" and table.concat(path, ",") or path
  end,
  doc = {
    name = "file",
    group = "sources and sinks",
    usage = 'weir.file{ path = "access.jsonl" }',
    signature = 'weir.file{ path!, codec, name, append = false, compress, max_open = 256,'
      .. ' batch, retries, max_record = "16MiB" }',
    summary = "Files. As a source, path is a name, a list, a glob, a directory, or \"-\" for"
      .. " standard input; gzip and zstd are known by their content. As a sink it is written"
      .. " beside and renamed at the end when every input ends, else appended in place, as with"
      .. " append, where a CSV keeps its columns; path may hold fields and time (see paths), of"
      .. " which at most max_open files stay open. A path as text is short for this.",
    body = [[

The codec is that of the suffix, before .gz or .zst: json jsonl ndjson csv tsv
logfmt; else JSON lines. Or say which: codec = "csv", "lines", "nginx.access" (see
pattern), weir.csv{ delimiter = ";" }.

]] .. batch.doc .. "\n\n" .. retries.waits,
    shape = "bytes <-> records by the codec",
    units = "max_record: bytes of one record.",
    errors = "A file that is not there or cannot be read stops the run before it begins. A record"
      .. " above max_record, or one that is malformed, is a dead letter with its position.",
    cost = "Read in blocks of 256 KiB; memory does not grow with the file.",
    example = [[
weir.from(weir.file{ path = "access.csv", codec = weir.csv{ types = { status = "integer" } } })
  :to(weir.file{ path = "access.jsonl" })]],
  },
}
