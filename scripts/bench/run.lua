--- Measures weir beside others, and writes build/bench/report.md.
--
--     luajit scripts/bench/run.lua      (as `make bench` does, at the top of the tree)
--
-- TASKS       which of them: "T2 T4"; all
-- RECORDS     how many of the small kind; the heavy ones are a fifth; 2000000
-- BENCH_RUNS  how often each is measured; 7
-- BENCH_CHECK on how many records the answers are checked first; 50000
-- BENCH_OUT   where the output goes; /dev/null

package.path = "scripts/bench/?.lua;" .. package.path

local measure = require("measure")
local many = require("many")
local data = require("data")
local reference = require("reference")
local report = require("report")
local settings = require("settings")
local subjects = require("subjects")
local tasks = require("tasks")

local number, say, wanted = settings.number, settings.say, settings.wanted

local RUNS = number("BENCH_RUNS", 7)
local RECORDS = number("RECORDS", 2000000)
local CHECKED = math.min(number("BENCH_CHECK", 50000), RECORDS)
local STARTS = 3 * RUNS  -- a start is short, and so varies more
local OUT = os.getenv("BENCH_OUT") or "/dev/null"
local ANSWER = "build/bench/answer"
local TMPFS = "/dev/shm/weir-bench-out"

-- Runs the subject on few records: nil, or what is wrong with its answer.
local function check(task, subject)
  local file = data.file(task.data, CHECKED)
  local source = data.file(task.data == "heavy" and "heavy" or "web", CHECKED)
  local cost = measure.once(subject.command(task, file), ANSWER)
  if cost.exit ~= 0 then
    return "exit code " .. cost.exit
  end
  return reference.differs(subject.answer or task.name, source, ANSWER)
end

-- Those that take part. A wrong answer is told of and not timed.
local function line_up(task)
  local line, failures = {}, 0
  for _, subject in ipairs(subjects) do
    local records = subject.tenth and math.ceil(RECORDS / 10) or RECORDS
    local file = data.file(task.data, records)
    local command = subject.command(task, file)
    local wrong = command and check(task, subject)
    if wrong then
      say("%s: %s answers wrong: %s", task.name, subject.name, wrong)
      failures = failures + 1
    end
    if command then
      line[#line + 1] = {
        subject = subject,
        command = command,
        records = data.records(task.data, records),
        goal = task.goals[subject.id] or subject.goal,
        wrong = wrong,
        costs = {},
      }
    end
  end
  return line, failures
end

-- What it costs to keep the output, for those who are not slow.
local function keep(line, runs)
  for _ = 1, runs do
    for _, entry in ipairs(line) do
      if not entry.wrong and not entry.subject.tenth then
        entry.kept = entry.kept or {}
        table.insert(entry.kept, measure.once(entry.command, TMPFS))
      end
    end
  end
  os.remove(TMPFS)
end

-- In turn, so that a slow minute of the machine is everybody's.
local function race(line, runs, out)
  for _ = 1, runs do
    for _, entry in ipairs(line) do
      if not entry.wrong then
        local cost = measure.once(entry.command, out)
        assert(cost.exit == 0, table.concat(entry.command, " ") .. " failed")
        entry.costs[#entry.costs + 1] = cost
      end
    end
  end
  for _, entry in ipairs(line) do
    entry.median = not entry.wrong and measure.median(entry.costs)
  end
  return line
end

local function starts()
  local file = data.file("web", 10)
  local line = {
    { name = "`weir version`", command = { "build/weir", "version" }, goal = "<= 5" },
    {
      name = "weir, one line on ten records",
      command = { "build/weir", "-q", "-e", ':filter "status >= 500"', file },
      goal = "<= 20",
    },
    { name = "jq, the same", command = { "jq", "-c", "select(.status >= 500)", file } },
    {
      name = "Miller, the same",
      command = { "mlr", "--ijsonl", "--ojsonl", "filter", "$status >= 500", file },
    },
  }
  for _, entry in ipairs(line) do
    entry.costs = {}
  end
  return race(line, STARTS, "/dev/null")
end

local results, failures = {}, 0
for _, task in ipairs(tasks) do
  if wanted(task) then
    say("%s, %s: checking", task.name, task.title)
    local line, failed = line_up(task)
    failures = failures + failed
    say("%s: %d subjects, %d runs", task.name, #line, RUNS)
    results[#results + 1] = { task = task, line = race(line, RUNS, OUT) }
    keep(line, math.ceil(RUNS / 3))
  end
end

local of_many = {}
for _, task in ipairs(many.tasks) do
  if wanted(task) then
    say("%s, %s", task.name, task.title)
    local result = many.run(task, { runs = RUNS, records = RECORDS })
    if result.wrong then
      say("%s: answers wrong: %s", task.name, result.wrong)
      failures = failures + 1
    end
    of_many[#of_many + 1] = result
  end
end
assert(#results + #of_many > 0, "no such task: " .. settings.TASKS)
os.remove(ANSWER)

report.write("build/bench/report.md", {
  results = results,
  many = of_many,
  starts = starts(),
  runs = RUNS,
  records = RECORDS,
  out = OUT,
})
os.exit(failures == 0 and 0 or 1)
