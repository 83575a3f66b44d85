--- weir.exec: what a program writes, and what it is to read.

local batch = require("weir.describe.batch")
local command = require("weir.lib.command")
local options = require("weir.lib.options")
local retries = require("weir.describe.retries")

local EXPECTED = 'a list of the program and its arguments, or a text for the shell'

-- Whatever it is, it arrives as a list.
options.define("command", function(value, option, where)
  if type(value) == "string" and value:find("%S") then
    return { "sh", "-c", value }
  elseif type(value) == "table" and getmetatable(value) == nil then
    local list = options.kind("list")(value, option, where)
    return list, EXPECTED
  end
  return nil, EXPECTED
end)

local function subject(described)
  return command.name(described.command)
end

return {
  kind = "exec",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    command = { kind = "command", required = true,
      usage = 'command = { "journalctl", "-f", "-o", "json" }' },
    restart = { kind = "boolean", default = true },
    batch = { kind = "batch", only = "sink" },
    retries = { kind = "retries" },
    stop_timeout = { kind = "duration", default = "5s" },
    max_record = { kind = "size", default = "16MiB", only = "source" },
  },
  subject = subject,
  doc = {
    name = "exec",
    group = "sources and sinks",
    usage = 'weir.exec{ command = { "journalctl", "-f", "-o", "json" } }',
    signature = 'weir.exec{ command!, codec, restart = true, batch, retries,'
      .. ' stop_timeout = "5s", max_record = "16MiB", name }',
    summary = "A program beside weir: as a source, the records that it writes to its standard"
      .. " output; as a sink, it reads records from its standard input, and what it writes goes to"
      .. " weir's output. command is a list, without a shell, or a text for sh -c. What it says on"
      .. " standard error is shown line by line.",
    body = [[

restart: a program that has ended is started again, after 100ms, then twice as
long each time up to 30s, until one has run for 10s; a sink's gets the records
that its predecessor had not read. With restart = false a source ends with its
program, and its exit code must be 0.

A sink's program sees its input end when weir's input does and it has read all,
and may take the time that it wants; its exit code must be 0. What it has read
counts as delivered, within 100ms, so that a source may forget it; one that ends
without having read all has failed, whatever its code. A program runs in a process
group of its own: when weir stops, all of it gets SIGTERM, what it then still writes
is read, and after stop_timeout it gets SIGKILL.

]] .. batch.doc,
    shape = "bytes <-> records by the codec",
    units = "stop_timeout: time. max_record: bytes of one record.",
    errors = "A program that cannot be found stops the run. " .. retries.doc:gsub("connection",
      "record") .. " Exit codes and signals are told with the command and its last words, and"
      .. " counted (commands_failed).",
    cost = "A pipe: a slow pipeline makes the program wait, a slow program the pipeline.",
    example = [[
weir.from(weir.exec{ command = { "journalctl", "-f", "-o", "json" } })
  :filter "PRIORITY <= '3'"
  :to(weir.exec{ command = "gzip > errors.jsonl.gz" })]],
  },
}
