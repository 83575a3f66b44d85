--- weir.tail: files that grow, as others write to them.

return {
  kind = "tail",
  uses = { source = true },
  codec = true,
  options = {
    path = {
      kind = "list",
      required = true,
      usage = 'weir.tail{ path = "/var/log/nginx/*.log" }',
    },
    start = { kind = "enum", values = { "earliest", "latest" }, default = "earliest" },
    max_record = { kind = "size", default = "16MiB" },
  },
  subject = function(described)
    return table.concat(described.path, ",")
  end,
  doc = {
    name = "tail",
    group = "sources and sinks",
    usage = 'weir.tail{ path = "/var/log/nginx/*.log" }',
    signature = 'weir.tail{ path!, codec, name, start = "earliest", max_record = "16MiB" }',
    summary = "Follows files as others write to them: records come as their lines end, new"
      .. " files as they appear. path is a name, a list, a glob or a directory, and need not be"
      .. " there yet. A file is known by what it is, not by its name: one that is rotated is read"
      .. " to its end, and then the one that has its name. How far it was read is remembered, of"
      .. " what has been delivered only: after a crash nothing is lost, and what was under way"
      .. " comes again.",
    body = [[

start is for files of which nothing is remembered when it runs for the first time:
"earliest" reads them from their beginning, "latest" gives only what comes. What
appears later is always read whole.

Rotation by rename: the old file is read until nothing has come to it for a minute;
then a last line without its newline counts as one. If it may be stopped for longer
than a rotation takes, let path cover the old names too (app.log*): whatever their
names, files are read once. Packed files (.gz, .zst) are passed over.
Rotation by copy and truncate (copytruncate) works, but what is written between the
copy and the cut is gone, and what was read and not delivered cannot come again after
a crash; let path not cover the copies.

Positions lie in <state_dir>/<pipeline>/<name>.positions (see options); name names them.
Remove the file to begin anew. They are noted within 0.1 s of what was delivered, and
safe on disk within 1 s and at the end, also of a run that fails or is given up in
drain_timeout. So after a kill -9 what was not delivered comes again, and what was in
that 0.1 s; after a failure of the machine, in that 1 s. A file sink has delivered
what it has written, a packed one (.gz) what is in a closed member, weir.tcp what the
peer's machine has acknowledged, weir.unix and weir.exec what was read, weir.http what
was answered. A sink that listens has delivered what the kernel took for all who are
there: what was under way to one that breaks off does not come again.]],
    shape = "bytes -> records by the codec",
    units = "max_record: bytes of one record.",
    errors = "While there was nothing yet that path means, weir says so once, and `weir top` and"
      .. " weir_source_waits as long; `weir check` does of each name. A file that cannot be read"
      .. " is counted and tried again (opens_failed, reads_failed). A record above max_record, or"
      .. " one that is malformed, is a dead letter with its position. Positions that cannot be"
      .. " kept, or that another weir keeps, stop the run before it begins. Also counted:"
      .. " files_followed, bytes_behind, rotations, truncations, and files_lost, which went before"
      .. " they were read to the end.",
    cost = "Up to 512 files stay open; memory does not grow with them. Idle, it looks every 10 s"
      .. " in case the kernel did not tell of a change, as on file systems of other machines.",
    example = [[
weir.from(weir.tail{ path = "/var/log/nginx/*.log", codec = "nginx.access" })
  :filter "status >= 500"
  :to(weir.file{ path = "errors.jsonl", append = true })]],
  },
}
