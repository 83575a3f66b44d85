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

local function few_script()
  return pipelines.write("T9", 1, FEW, pipelines.stages)
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

function tasks.T9(settings, small)
  local script, singles = few_script(), {}
  for i = 1, FEW do
    singles[i] = pipelines.write("T9-" .. i, i, i, pipelines.stages)
  end
  local wrong = check(script, small, FEW, pipelines.answer)
  if wrong then
    return { wrong = wrong }
  end
  local file = data.file("web", settings.each)
  local costs = race(settings.runs, {
    function() return segments(script, file) end,
    function()
      local sum = { wall = 0, cpu = 0, peak = 0, segments = 0 }
      for i = 1, FEW do
        local cost = segments(singles[i], file)
        sum.wall, sum.cpu = sum.wall + cost.wall, sum.cpu + cost.cpu
        sum.segments, sum.peak = sum.segments + cost.segments, math.max(sum.peak, cost.peak)
      end
      return sum
    end,
  })
  local together, apart = of(costs[1], "segments"), of(costs[2], "segments")
  return {
    value = together / apart,
    goal = "<= 1.2",
    records = settings.each * FEW,
    costs = {
      { ("weir, %d pipelines in one process"):format(FEW), costs[1] },
      { ("weir, the same in %d processes"):format(FEW), costs[2] },
    },
    said = ("their segments take %.0f ns/record in one process, %.0f in %d"):format(
      together / settings.each / FEW * 1e9, apart / settings.each / FEW * 1e9, FEW),
  }
end

function tasks.T10(settings, small)
  local script = pipelines.write("T10", 1, MANY, pipelines.stages)
  local few = few_script()
  local wrong = check(script, small, MANY, pipelines.answer)
  if wrong then
    return { wrong = wrong }
  end
  local file = data.file("web", settings.each)
  local costs = race(settings.runs, {
    function() return segments(script, file) end,
    function() return segments(few, file) end,
  })
  local all = of(costs[1], "segments") / MANY / settings.each * 1e9
  local some = of(costs[2], "segments") / FEW / settings.each * 1e9
  local count, traces, code = flushes(script, file, settings.each * MANY / 2)
  return {
    value = all / some,
    goal = "<= 1.3",
    records = settings.each * MANY,
    costs = {
      { ("weir, %d pipelines in one process"):format(MANY), costs[1] },
      {
        ("weir, %d pipelines in one process (T9)"):format(FEW), costs[2],
        records = settings.each * FEW,
      },
    },
    said = ("their segments take %.0f ns/record, those of T9 %.0f; %s traces, %s of machine code,"
      .. " flushes of the code cache: %s"):format(all, some, traces, code, count),
    also = count == "0",
  }
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
