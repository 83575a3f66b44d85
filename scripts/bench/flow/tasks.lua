--- What is to be done while it comes, and the goals. Rivals know no JSON here: they pass lines
-- on, and where weir's lambda looks at a field they look for a text.

local subjects = require("flow.subjects")

local weir, syslog_ng, rsyslog = subjects.weir, subjects.syslog_ng, subjects.rsyslog

local RATE = 100000

return {
  {
    name = "latency",
    title = "TCP to TCP at 100,000 records/s, each due at its time; weir through a plain lambda",
    how = "forward",
    rate = RATE,
    load = { rate = RATE, warm = RATE },
    goals = { p99 = "<= 5", p999 = "<= 20" },
    weir("weir, a lambda", "lambda"), syslog_ng, rsyslog,
  },
  {
    name = "forward",
    title = "TCP to TCP: lines passed on as they came",
    goals = { ratio = ">= 2" },
    weir("weir, JSON checked", "forward"), weir("weir, lines", "lines"), syslog_ng, rsyslog,
  },
  {
    name = "filter",
    title = "TCP to TCP: but those with a status of 500; weir by a plain lambda",
    load = { drops = 1 },
    goals = { ratio = ">= 2" },
    weir("weir, a lambda", "filter"), syslog_ng, rsyslog,
  },
  {
    name = "discard",
    title = "TCP to discard: until all has been read and counted",
    load = { back = 0 },
    counts = true,
    goals = { ratio = ">= 2" },
    weir("weir, JSON checked", "discard"), syslog_ng, rsyslog,
  },
  {
    name = "tail",
    title = "a file to TCP: half is there at the start of the program, half is appended then",
    file = true,
    goals = { ratio = ">= 2" },
    weir("weir, JSON checked", "tail"), syslog_ng, rsyslog,
  },
  { name = "spill", title = "128 MiB to the durable log, with an fdatasync per MiB, and back",
    module = "flow.spill" },
  { name = "priority", title = "twice as many records as can be done, one in a hundred critical",
    module = "flow.priority" },
  { name = "bus", title = "records on a bus, by topic", module = "flow.bus" },
  { name = "numbers", title = "what --stats, --metrics and a control socket cost",
    module = "flow.numbers" },
}
