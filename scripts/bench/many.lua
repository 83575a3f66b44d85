--- Many at once: T8, ten branches behind one source; T9 and T10, many pipelines in one
-- process. What they are measured against runs in turn with them.
--
-- Segments' time is that of the core, as `weir run --profile` says; so neither starting
-- a process nor reading the input counts, and others on the machine count little.

local cjson = require("cjson")
local data = require("data")
local measure = require("measure")
local pipelines = require("pipelines")
local reference = require("reference")

local many = {}

local TMPFS = "/dev/shm/weir-bench"
local SAID = "build/bench/said"
local MEMORY = "4GiB"  -- what it really takes is in the table

local BRANCHES, FEW, MANY = 10, 24, 500
local SHARE = 100  -- of the records, for each of many pipelines

local function weir(script, file, out)
  return {
    "build/weir", "run", "-q", "--strict", "--workers", "1", "--max-memory", MEMORY, script, "--",
    file, out,
  }
end

-- What the profile of a run says its segments took, in seconds of the core; and its cost.
local function segments(script, file)
  local command = ("exec build/weir run --strict --workers 1 --max-memory %s --profile"
    .. " --summary json %s -- %s 2>%s"):format(MEMORY, script, file, SAID)
  local cost = measure.once({ "sh", "-c", command }, "/dev/null")
  assert(cost.exit == 0, script .. " failed; see " .. SAID)
  local seconds = 0
  for _, task in ipairs(cjson.decode(io.lines(SAID)()).profile.tasks) do
    seconds = seconds + (task.kind == "segment" and task.cpu_ms / 1e3 or 0)
  end
  cost.segments = seconds
  return cost
end

-- nil, or what is wrong with what number i wrote, first of them that is.
local function check(script, file, last, answer)
  os.execute(("rm -rf %s && mkdir -p %s"):format(TMPFS, TMPFS))
  local cost = measure.once(weir(script, file, TMPFS), "/dev/null")
  local wrong = cost.exit ~= 0 and "exit code " .. cost.exit or nil
  for i = 1, wrong and 0 or last do
    wrong = wrong or reference.differs(answer(i), file, ("%s/%d.jsonl"):format(TMPFS, i))
  end
  return wrong
end

-- Runs them in turn: lists of costs, one a subject.
local function race(runs, subjects)
  local costs = {}
  for k in ipairs(subjects) do
    costs[k] = {}
  end
  for _ = 1, runs do
    for k, subject in ipairs(subjects) do
      table.insert(costs[k], subject())
    end
  end
  return costs
end

local of = measure.middle_of

local function ok(cost, script)
  assert(cost.exit == 0, script .. " failed")
  return cost
end

local tasks = {}

function tasks.T8(settings, small)
  local script = pipelines.write("T8", 1, BRANCHES, pipelines.branch_stages, true)
  local single = pipelines.write("T8-single", 1, 1, pipelines.branch_stages, true)
  local wrong = check(script, small, BRANCHES, pipelines.branch_answer)
  if wrong then
    return { wrong = wrong }
  end
  local file = data.file("web", settings.records)
  local costs = race(settings.runs, {
    function() return ok(measure.once(weir(script, file, TMPFS), "/dev/null"), script) end,
    function() return ok(measure.once(weir(single, file, TMPFS), "/dev/null"), single) end,
    function() return ok(measure.once({ "build/bench/floor", file }, "/dev/null"), "floor") end,
  })
  local ten, one, floor = of(costs[1], "cpu"), of(costs[2], "cpu"), of(costs[3], "cpu")
  return {
    value = (ten - floor) / one,
    goal = "<= 1.5",
    records = settings.records,
    costs = {
      { "weir, ten branches", costs[1] },
      { "weir, one of them (T2)", costs[2] },
      { "floor: read, scan, check", costs[3] },
    },
    said = ("ten branches take %.3f s of a core, one %.3f s, the floor %.3f s: above the floor"
      .. " they add %.2f times what one takes in all"):format(ten, one, floor, (ten - floor) / one),
  }
end

-- The compiler's code cache, for a process that runs them all for a while.
local function flushes(script, file, records)
  local command = "build/weir explain --jit --sample %d %s -- %s"
  local pipe = io.popen(command:format(records, script, file))
  local text = pipe:read("*a")
  pipe:close()
  local traces, code = text:match("\n  (%S+) traces?, (.-) of machine code;")
  assert(traces, "cannot explain " .. script)
  return text:match("flushed (%S+) time") or "0", traces, code
end

local function in_one(count)
  return ("weir, %d pipelines in one process"):format(count)
end

-- Nanoseconds of the segments for a record of each of so many pipelines.
local function ns_each(costs, settings, count)
  return of(costs, "segments") / count / settings.each * 1e9
end

-- What so many pipelines in one process cost, beside something else: `other` gives its
-- cost, for a number of pipelines too, and the title of its line.
local function compare(settings, small, name, count, other)
  local script = pipelines.write(name, 1, count, pipelines.stages)
  local wrong = check(script, small, count, pipelines.answer)
  if wrong then
    return { wrong = wrong }
  end
  local file = data.file("web", settings.each)
  local costs = race(settings.runs, {
    function() return segments(script, file) end,
    function() return other.cost(file) end,
  })
  local here = ns_each(costs[1], settings, count)
  local there = ns_each(costs[2], settings, other.count)
  local result = {
    value = here / there,
    records = settings.each * count,
    costs = {
      { in_one(count), costs[1] },
      { other.title, costs[2], records = settings.each * other.count },
    },
  }
  return result, here, there, function()
    return flushes(script, file, settings.each * count / 2)
  end
end

function tasks.T9(settings, small)
  local result, together, apart = compare(settings, small, "T9", FEW, {
    count = FEW,
    title = ("weir, the same in %d processes"):format(FEW),
    cost = function(file)
      local sum = { wall = 0, cpu = 0, peak = 0, segments = 0 }
      for i = 1, FEW do
        local cost = segments(pipelines.write("T9-" .. i, i, i, pipelines.stages), file)
        sum.wall, sum.cpu = sum.wall + cost.wall, sum.cpu + cost.cpu
        sum.segments, sum.peak = sum.segments + cost.segments, math.max(sum.peak, cost.peak)
      end
      return sum
    end,
  })
  if not result.wrong then
    result.goal = "<= 1.2"
    result.said = ("their segments take %.0f ns/record in one process, %.0f in %d"):format(together,
      apart, FEW)
  end
  return result
end

function tasks.T10(settings, small)
  local few = pipelines.write("T9", 1, FEW, pipelines.stages)
  local result, all, some, look = compare(settings, small, "T10", MANY, {
    count = FEW,
    title = in_one(FEW) .. " (T9)",
    cost = function(file)
      return segments(few, file)
    end,
  })
  if not result.wrong then
    local count, traces, code = look()
    result.goal, result.also = "<= 1.3", count == "0"
    result.said = ("their segments take %.0f ns/record, those of T9 %.0f; %s traces, %s of machine"
      .. " code, flushes of the code cache: %s"):format(all, some, traces, code, count)
  end
  return result
end

many.tasks = {
  { name = "T8", title = "ten filters, ten branches, ten sinks on one source; to tmpfs" },
  { name = "T9", title = ("%d pipelines in one process"):format(FEW) },
  { name = "T10", title = ("%d pipelines in one process"):format(MANY) },
}

--- Checks and measures one of them: { value, goal, records, costs, said } or { wrong }.
---@param task table
---@param settings { runs: integer, records: integer }
function many.run(task, settings)
  local small = data.file("web", math.min(1000, settings.records))
  settings.each = math.ceil(settings.records / SHARE)
  local result = tasks[task.name](settings, small)
  os.execute("rm -rf " .. TMPFS .. " " .. SAID)
  result.task = task
  return result
end

return many
