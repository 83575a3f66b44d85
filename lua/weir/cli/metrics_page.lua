--- `weir help metrics`: what `--metrics FILE` writes, family by family.

local exposition = require("weir.run.exposition")
local layout = require("weir.cli.table")

local M = {}

local WIDTH, INDENT = 80, "      "

local HEAD = [[
Metrics

`weir run --metrics FILE` keeps a file of numbers in the text format of Prometheus
(version 0.0.4). It is replaced whole once a second, and when the run is over. For
each node of the pipeline, received + made = sent + filtered + absorbed + dropped +
dead + what is held; a node is a source, a stage, a buffer or a sink, and has the name
that `weir explain` shows. Rates are what Prometheus makes of counters:

    rate(weir_records_sent_total{node="access"}[1m])
    histogram_quantile(0.99, sum by (le) (rate(weir_latency_seconds_bucket[5m])))
    rate(weir_busy_seconds_total[1m])      1 is one core, or one that waits for a disk or
                                           for who takes what a sink sends

Counting costs a fraction of a nanosecond for a record and some for a batch, so it is
always on. From when somebody asks, by --metrics, --stats or at the control socket, two
things more are measured: how old records are where they are handed on and how long they
wait before a node (once a batch, for all of its records), and what they weigh inside a
segment (a few of each 256 entries). Of a record that takes some 90 ns of a core in all,
that is about 1 ns or less where batches are full (`make bench-flow TASKS=numbers`); where
each record comes alone, it has all of what a batch costs. Telling costs some milliseconds
of a core a second, more where there are many nodes, whatever the rate.

What a number would mean nothing for is left out. Stages of one segment hand a record on
to one another at once, so nothing waits between them, and they have one latency. An
aggregate, a sort and a top make records of all that came, at whatever time; a batch is
as old as its first record. What a program between (exec) says is new, and as old as its
reading.

`weir run --stats 1s` prints the same numbers for people, as many columns as there is
room for. There is no event time yet, so no lag behind it: weir_lag_* say what has not
been read and what waits.

]]

--- The page, ending in a newline.
function M.text()
  local out = {}
  for _, family in ipairs(exposition.families) do
    local labels = family.labels ~= "" and "{" .. family.labels .. "}" or ""
    out[#out + 1] = ("  %s%s  %s"):format(family.name, labels, family.type)
    for _, line in ipairs(layout.wrapped(family.help, WIDTH - #INDENT)) do
      out[#out + 1] = INDENT .. line
    end
  end
  return HEAD .. table.concat(out, "\n") .. "\n"
end

return M
