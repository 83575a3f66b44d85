--- Measures what flows: latency and throughput beside syslog-ng and rsyslog, and the log on
-- disk; writes build/bench/flow.md.
--
--     luajit scripts/bench/flow.lua      (as `make bench-flow` does, at the top of the tree)
--
-- TASKS       which of them: "latency tail"; all
-- RECORDS     how many weir gets; rivals an eighth, where time is not given; 2000000
-- BENCH_RUNS  how often each is measured; 5
-- SECONDS     how long a run of latency takes, after one to warm up; 4

package.path = "scripts/bench/?.lua;" .. package.path

local figures = require("figures")
local measure = require("measure")
local settings = require("settings")
local subjects = require("flow.subjects")
local tasks = require("flow.tasks")

local number, say, wanted = settings.number, settings.say, settings.wanted

local RUNS = number("BENCH_RUNS", 5)
local RECORDS = number("RECORDS", 2000000)
local SECONDS = number("SECONDS", 4)
local REPORT = "build/bench/flow.md"

local failures = 0

local function records_of(task, subject)
  return task.rate and task.rate * (SECONDS + 1) or math.ceil(RECORDS * subject.share / 1000) * 1000
end

-- In turn, so that a slow minute of the machine is everybody's. Whoever answers wrong once is
-- told of and not timed.
local function race(task)
  local line = {}
  for i, subject in ipairs(task) do
    line[i] = { name = subject.name, is_weir = subject.is_weir, subject = subject, costs = {} }
  end
  for _ = 1, RUNS do
    for _, row in ipairs(line) do
      if not row.wrong then
        local cost, wrong = subjects.run(row.subject, task, records_of(task, row.subject))
        row.wrong = wrong
        table.insert(row.costs, cost)
      end
      if row.wrong and not row.told then
        row.told = true
        failures = failures + 1
        say("%s: %s answers wrong: %s", task.name, row.name, row.wrong)
      end
    end
  end
  return line
end

-- The middle of what was measured; how many times as fast as the faster rival.
local function sum_up(task, line)
  local best
  for _, row in ipairs(line) do
    if not row.wrong then
      local cost = measure.median(row.costs)
      row.seconds, row.spread, row.peak = cost.wall, cost.spread, cost.peak
      row.records = row.costs[1].records
      row.rate = row.records / cost.wall
      row.cpu_us = cost.cpu / row.records * 1e6
      for _, name in ipairs(task.rate and { "p50", "p99", "p999" } or {}) do
        row[name] = measure.middle_of(row.costs, name) / 1e3
      end
      best = not row.is_weir and math.max(best or 0, row.rate) or best
      row.goal = row.is_weir and task.goals
    end
  end
  for _, row in ipairs(line) do
    row.ratio = not task.rate and best and row.rate and row.rate / best
  end
  return line
end

local HEAD = {
  "task", "subject", "records", "time, s", "rate", "to the faster rival", "p50, ms", "p99, ms",
  "p99.9, ms", "goal", "CPU, us a record", "spread", "peak, MB",
}

local NAMES = { ratio = "", p99 = "p99 ", p999 = "p99.9 ", mb_s = "MB/s " }

local function verdict(row)
  local words = {}
  for _, name in ipairs({ "ratio", "p99", "p999", "mb_s" }) do
    local goal = row.goal and row.goal[name]
    if goal and row[name] then
      words[#words + 1] = NAMES[name] .. goal
        .. (figures.reached(goal, row[name]) and " met" or " missed")
    end
  end
  return table.concat(words, ", ")
end

local function cell(form, value)
  return value and form:format(value) or ""
end

local function cells_of(row)
  if row.wrong then
    return { row.name, "", "wrong" }
  end
  return {
    row.name, cell("%d", row.records), cell("%.3f", row.seconds),
    row.mb_s and ("%.0f MB/s"):format(row.mb_s) or row.rate and figures.rate(row.rate) or "",
    cell("%.2f", row.ratio), cell("%.2f", row.p50), cell("%.2f", row.p99), cell("%.2f", row.p999),
    verdict(row), cell("%.2f", row.cpu_us), cell("%.0f %%", row.spread and row.spread * 100),
    row.note or cell("%.1f", row.peak),
  }
end

local function machine()
  local pipe = io.popen("nproc; cut -d' ' -f1 /proc/loadavg; uname -r")
  local cores, busy, kernel = pipe:read("*l", "*l", "*l")
  pipe:close()
  return ("%s cores, Linux %s, load %s at the end, %s"):format(cores, kernel, busy,
    os.date("!%Y-%m-%d %H:%M UTC"))
end

local function run(task)
  say("%s: %s", task.name, task.title)
  if task.module then
    return require(task.module).run({ runs = RUNS, records = RECORDS, seconds = SECONDS })
  end
  return sum_up(task, race(task))
end

local function exists(task)
  return not task.module or package.searchpath(task.module, package.path) ~= nil
end

local rows, titles = { HEAD }, {}
assert(subjects.set_up(), "the rivals cannot be fetched; see build/bench/flow/setup.log")
for _, task in ipairs(tasks) do
  if wanted(task) and exists(task) then
    titles[#titles + 1] = ("- %s: %s"):format(task.name, task.title)
    for i, row in ipairs(run(task)) do
      local cells = cells_of(row)
      table.insert(cells, 1, i == 1 and task.name or "")
      rows[#rows + 1] = cells
    end
  end
end
assert(#rows > 1, "no such task: " .. settings.TASKS)

local text = figures.table_of(rows)
local file = assert(io.open(REPORT, "w"))
file:write("# weir, what flows\n\n", table.concat(titles, "\n"), "\n\n",
  ("Medians of %d runs in turn. All records were counted, in order, letter by letter. Rivals are"
  .. " set up\nas scripts/bench/flow/ says. %s.\n\n"):format(RUNS, machine()), text)
file:close()
io.write(text, "written: ", REPORT, "\n")
os.exit(failures == 0 and 0 or 1)
