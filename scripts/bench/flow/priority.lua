--- Classes of priority while there is twice too much: how long records of each take, each due
-- at its time, and what becomes of every one (see classes.c).

local priority = {}

local WORK = "build/bench/flow"
local SCRIPTS = "scripts/bench/flow/weir/"
local RUNS_MAX = 3

local ARGUMENTS = {
  classes = "127.0.0.1:$IN_CRITICAL 127.0.0.1:$OUT_PORT 127.0.0.1:$DROPPED_PORT",
  streams = "127.0.0.1:$IN_CRITICAL 127.0.0.1:$IN_NORMAL 127.0.0.1:$IN_BACKGROUND"
    .. " 127.0.0.1:$OUT_PORT",
}

local function command(case)
  return ("exec build/weir run %s%s.lua --control off --summary json --state-dir %s/state"
    .. " -- %s %s 2>%s/summary"):format(SCRIPTS, case.script, WORK, ARGUMENTS[case.script],
    case.arguments or "", WORK)
end

-- What weir says that its buffer has dropped.
local function dropped_by_weir()
  local file = assert(io.open(WORK .. "/summary"))
  local text, sum = file:read("*a"), 0
  file:close()
  for count in text:gmatch('"dropped_[a-z]+":(%d+)') do
    sum = sum + count
  end
  return sum
end

-- Of each class: what classes.c says of it. Every record must be accounted for.
local function once(case, words)
  os.execute(("rm -rf %s/state"):format(WORK))
  local pipe = io.popen(("%s/classes %s -- sh -c '%s'"):format(WORK, words, command(case)))
  local line, dropped = {}, 0
  for _ = 1, 3 do
    local number = (pipe:read("*l") or ""):gmatch("%S+")
    local one = { class = assert(number(), "classes.c failed") }
    for _, name in ipairs({ "sent", "delivered", "dropped", "missing", "p50", "p99", "p999" }) do
      one[name] = tonumber(number())
    end
    assert(one.missing == 0, ("%s: %d records are missing"):format(one.class, one.missing))
    line[#line + 1], dropped = one, dropped + one.dropped
  end
  local sent, all = pipe:read("*n", "*n")
  pipe:close()
  assert(dropped == dropped_by_weir(), "weir counts other drops than came")
  return { line = line, sent_seconds = sent, seconds = all }
end

-- The run in the middle, by what is critical.
local function middle(runs)
  table.sort(runs, function(a, b)
    return a.line[1].p99 < b.line[1].p99
  end)
  return runs[math.ceil(#runs / 2)]
end

local function row(case, one, seconds)
  return {
    name = ("%s: %s"):format(case.name, one.class),
    records = one.sent,
    seconds = seconds,
    p50 = one.p50 / 1e3, p99 = one.p99 / 1e3, p999 = one.p999 / 1e3,
    goal = one.class == "critical" and case.goal or nil,
    note = ("%d delivered, %d dropped"):format(one.delivered, one.dropped),
  }
end

local function measure(case, rate, settings, rows)
  local runs = {}
  for i = 1, math.min(settings.runs, RUNS_MAX) do
    runs[i] = once(case, ("rate=%d seconds=%d %s"):format(rate, settings.seconds + 1,
      case.words or ""))
  end
  local run = middle(runs)
  for _, one in ipairs(run.line) do
    rows[#rows + 1] = row(case, one, run.seconds)
  end
end

-- How many records a second can be done.
local function capacity(settings)
  local case = { script = "classes", arguments = "block" }
  local records = math.ceil(settings.records / 10)
  local best = 0
  for _ = 1, 2 do
    local run = once(case, ("rate=0 warm=0 records=%d"):format(records))
    best = math.max(best, records / run.seconds)
  end
  return best
end

--- Rows of the table, see flow.lua.
function priority.run(settings)
  local can, rows, goal = capacity(settings), {}, { p99 = "<= 10" }
  measure({ name = "a tenth of what can be done", script = "classes", arguments = "drop_oldest" },
    can / 10, settings, rows)
  measure({ name = "twice, the rest dropped", script = "classes", arguments = "drop_oldest",
    goal = goal }, can * 2, settings, rows)
  measure({ name = "twice, the rest on disk", script = "classes", arguments = "spill",
    goal = goal }, can * 2, settings, rows)
  measure({ name = "twice, the rest waits outside", script = "streams", words = "streams=3",
    goal = goal }, can * 2, settings, rows)
  local reader = can / 5
  measure({ name = "a reader half as fast", script = "classes",
    arguments = "drop_oldest free", words = ("slow=%d"):format(reader * 0.9 / 2), goal = goal },
    reader, settings, rows)
  return rows
end

return priority
