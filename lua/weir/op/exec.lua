--- exec: records go to a program, and what it writes goes on.

local command = require("weir.lib.command")

local M = {
  kind = "exec",
  usage = ':exec{ command = { "jq", "-c", ".user" } }',
  arguments = {},
  options = {
    command = { kind = "command", required = true, usage = ':exec{ command = "./score.py" }' },
    codec = { kind = "codec", default = "json" },
    answers = { kind = "enum", values = { "any", "each" }, default = "any" },
    restart = { kind = "boolean", default = true },
    retries = { kind = "retries" },
    stop_timeout = { kind = "duration", default = "5s" },
    max_record = { kind = "size", default = "16MiB" },
  },
  sides = { "dead" },
}

function M.subject(node)
  return command.name(node.command)
end

--- What a program makes of records is its own affair; `cat` gives them back.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
  name = ":exec",
  group = "operators",
  signature = ':exec{ command!, codec = "json", answers = "any", restart = true, retries,'
    .. ' stop_timeout = "5s", max_record = "16MiB" }',
  summary = "Records go to the standard input of a program, by the codec, and what it writes to"
    .. " its standard output are the records that go on: as many as it likes, when it likes."
    .. " command is a list, without a shell, or a text for sh -c; what it says on standard error"
    .. " is shown line by line. Both ways are served at once, and each makes the other side wait.",
  body = [[

At the end of the input the program's input ends; it has the time that it wants,
and its exit code must be 0. One that ends before is started again, after 100ms,
then twice as long each time up to 30s. Records that it had not read are given to
the next one. Of those that it had read, nobody can know which it has answered:
how many it had read and written is said on standard error, and what was under
way in it is lost with it.

answers = "each" says that it writes one record for each that it reads, in order.
Then what has no answer yet is given to the next program again: at least once. A
record at which three programs have ended, and what has no answer at the end, is
a dead letter; 4 MiB may wait for answers. Once all have one, the exit code does
not matter. What it writes beyond goes on too, but answers nothing.

With restart = false the stream ends with the program, and exit code 0. What it
has been given counts as delivered, so that a source may forget it.]],
  shape = "record -> records",
  units = "stop_timeout: time from SIGTERM to SIGKILL. max_record: bytes of an answer.",
  errors = "A program that cannot be found stops the run, as do ten failures in a row before the"
    .. " first answer, unless retries say otherwise. What it writes that is no record, and rows"
    .. " that the codec cannot write, are dead letters. Counted: commands_started,"
    .. " commands_failed, bytes_sent_again, records_unanswered, answers_unasked.",
  cost = "Two pipes, and the codec twice.",
  example = [[
weir.from "access.jsonl"
  :exec{ command = { "jq", "-c", "--unbuffered", "{path, ms}" }, answers = "each" }
  :to "short.jsonl"]],
}

return M
