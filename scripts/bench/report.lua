--- The tables, aligned for a terminal and still Markdown, and the report around them.

local figures = require("figures")
local measure = require("measure")

local reached, rate, table_of = figures.reached, figures.rate, figures.table_of

local report = {}

local function output_of(command)
  local pipe = io.popen(command .. " 2>&1")
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function decimals(value)
  return (value < 9.95 and "%.2f" or "%.0f"):format(value)
end

-- What was to be reached, and whether it was, by each of these.
local function verdict(goal, ...)
  local met = goal and "  met"
  for _, value in ipairs({ ... }) do
    met = met and reached(goal, value) and met
  end
  return goal and goal .. (met or "     ") or ""
end

local HEAD = {
  "task", "subject", "records", "time, s", "rate", "to weir's", "goal", "CPU, s", "to weir's",
  "spread", "peak, MB", "to tmpfs, s",
}

-- One subject's row; base is that of weir with plain lambdas.
local function result_row(entry, base)
  local cost = entry.median
  if not cost then
    return { entry.subject.name, ("%d"):format(entry.records), "wrong" }
  end
  local function against(what)
    return (cost[what] / entry.records) / (base.median[what] / base.records)
  end
  local ratio = base.median and against("wall")
  local by_cpu = ratio and against("cpu")
  return {
    entry.subject.name,
    ("%d"):format(entry.records),
    ("%.3f"):format(cost.wall),
    rate(entry.records / cost.wall),
    ratio and decimals(ratio) or "",
    ratio and verdict(entry.goal, ratio, not entry.subject.parallel and by_cpu or nil) or "",
    ("%.3f"):format(cost.cpu),
    by_cpu and decimals(by_cpu) or "",
    ("%.0f %%"):format(cost.spread * 100),
    ("%.1f"):format(cost.peak),
    entry.kept and ("%.3f"):format(measure.middle_of(entry.kept, "wall")) or "",
  }
end

local function results_table(results)
  if #results == 0 then
    return ""
  end
  local rows = { HEAD }
  for _, result in ipairs(results) do
    for i, entry in ipairs(result.line) do
      local row = result_row(entry, result.line[1])
      table.insert(row, 1, i == 1 and result.task.name or "")
      rows[#rows + 1] = row
    end
  end
  return table_of(rows)
end

-- Rivals' times to weir's, the floor's upside down, and whether that was to be reached.
local RIVALS = { "floor", "simdjson", "cjson", "jq", "mlr", "text", "two" }
local GOALS_HEAD = {
  "goals", "", "of the floor", "simdjson", "lua-cjson", "jq", "Miller", "text", "two workers",
  "peak, MB",
}

local function entry_of(line, id)
  for _, entry in ipairs(line) do
    if entry.subject.id == id then
      return entry
    end
  end
end

local function goal_cell(entry, base)
  if not (entry and entry.goal) then
    return ""
  elseif not (entry.median and base.median) then
    return "missed: wrong"
  end
  local function against(what)
    return (entry.median[what] / entry.records) / (base.median[what] / base.records)
  end
  -- By the clock and by the CPU, whichever is worse; what is parallel by the clock.
  local value = against("wall")
  if not entry.subject.parallel then
    local worse = entry.goal:find("^>=") and math.min or math.max
    value = worse(value, against("cpu"))
  end
  local shown = entry.subject.id == "floor" and 1 / value or value
  return decimals(shown) .. (reached(entry.goal, value) and " met" or " missed")
end

local function goals_table(results)
  local rows = { GOALS_HEAD }
  for _, result in ipairs(results) do
    local base, row = result.line[1], { result.task.name, "" }
    for i, id in ipairs(RIVALS) do
      row[i + 2] = goal_cell(entry_of(result.line, id), base)
    end
    local limit = result.task.peak_max
    row[#row + 1] = limit and base.median
      and ("%.1f "):format(base.median.peak) .. (base.median.peak <= limit and "met" or "missed")
      or ""
    if table.concat(row, "", 3) ~= "" then
      rows[#rows + 1] = row
    end
  end
  return #rows > 1 and table_of(rows) or ""
end

local MANY_HEAD = {
  "many at once", "subject", "records", "time, s", "CPU, s", "segments' CPU, s", "peak, MB",
}

local function many_table(of_many)
  local rows, words = { MANY_HEAD }, {}
  for _, result in ipairs(of_many) do
    local name = result.task.name
    if result.wrong then
      words[#words + 1] = ("- %s: wrong: %s"):format(name, result.wrong)
    else
      for i, cost in ipairs(result.costs) do
        local median = measure.median(cost[2])
        rows[#rows + 1] = {
          i == 1 and name or "", cost[1], ("%d"):format(cost.records or result.records),
          ("%.3f"):format(median.wall), ("%.3f"):format(median.cpu),
          cost[2][1].segments and ("%.3f"):format(measure.middle_of(cost[2], "segments")) or "",
          ("%.1f"):format(median.peak),
        }
      end
      words[#words + 1] = ("- %s, %s: %s, goal %s %s: %s"):format(name, result.task.title,
        decimals(result.value), result.goal,
        reached(result.goal, result.value) and result.also ~= false and "met" or "missed",
        result.said)
    end
  end
  return #of_many > 0 and table_of(rows) .. "\n" .. table.concat(words, "\n") .. "\n" or ""
end

-- Nobody here waits for anything but a core, so a clock that runs ahead of the CPU tells
-- of others on the machine.
local function busy(results)
  local late, rows = 0, 0
  for _, result in ipairs(results) do
    for _, entry in ipairs(result.line) do
      if entry.median then
        rows = rows + 1
        late = late + (entry.median.wall > 1.25 * entry.median.cpu and 1 or 0)
      end
    end
  end
  return late > rows / 4
end

local BUSY = [[
**The machine was busy with other work.** Times by the clock, and the goals that stand on them, say
little; go by the CPU.
]]

local function starts_table(starts)
  local rows = { { "start-up", "", "time, ms", "goal", "CPU, ms", "peak, MB" } }
  for _, entry in ipairs(starts) do
    local cost = entry.median
    rows[#rows + 1] = {
      entry.name,
      "",
      ("%.1f"):format(cost.wall * 1e3),
      verdict(entry.goal, cost.wall * 1e3),
      ("%.1f"):format(cost.cpu * 1e3),
      ("%.1f"):format(cost.peak),
    }
  end
  return table_of(rows)
end

local function tasks_list(results, of_many)
  local lines = {}
  for _, list in ipairs({ results, of_many }) do
    for _, result in ipairs(list) do
      lines[#lines + 1] = ("- %s: %s"):format(result.task.name, result.task.title)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function machine()
  local cpu = output_of("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1"):gsub("\n", "")
  local cores = output_of("nproc"):gsub("\n", "")
  local memory = output_of("sed -n 's/^MemTotal: *//p' /proc/meminfo"):match("%d+")
  local system = output_of("uname -sr"):gsub("\n", "")
  return ("%s, %s cores, %.0f GB of memory, %s"):format(cpu, cores, memory * 1024 / 1e9, system)
end

local function versions()
  local simdjson = output_of("sed -n 's/^#define SIMDJSON_VERSION //p' /usr/include/simdjson.h")
  local lines = {
    (output_of("build/weir version"):gsub("\n+$", "")),
    "g++      " .. output_of("g++ -dumpfullversion"):gsub("\n", ""),
    "simdjson " .. simdjson:gsub("[\n\"]", ""),
    "cjson    " .. require("cjson")._VERSION,
    "jq       " .. output_of("jq --version"):match("[%d.]+"),
    "Miller   " .. output_of("mlr --version"):match("[%d.]+"),
    "gawk     " .. output_of("gawk --version"):match("[%d.]+"),
    "mawk     " .. output_of("mawk -W version"):match("%d[%d.]+"),
  }
  return table.concat(lines, "\n") .. "\n"
end

local TEXT = [[
# weir beside others

%s
%s
Everybody runs in turn, %d times; times are medians, the spread is that of all runs, the peak
the highest. Output goes to %s. Each one's answer was checked record by record against a
slow reference first; whose was wrong is not timed. Who is slow gets a tenth of the records. "to
weir's" is the time for a record against that of weir with plain lambdas on one worker, by the
clock and in CPU, which is that of all threads together; a goal is met if it is by both, and
that of two workers by the clock. Beside that stands what it takes to write to a file in memory.

%s%s
%s
%s
%s
%s.
%s

```
%s```
]]

function report.write(path, run)
  local results, starts = results_table(run.results), starts_table(run.starts)
  local goals, of_many = goals_table(run.results), many_table(run.many)
  local warning = busy(run.results) and BUSY .. "\n" or ""
  local file = assert(io.open(path, "w"))
  file:write(TEXT:format(
    ("Input: %d web records, or a fifth of heavy ones, warm in memory.\n"):format(run.records),
    tasks_list(run.results, run.many), run.runs, run.out, warning, results, goals, of_many, starts,
    machine(), os.date("!%Y-%m-%d %H:%M UTC"), versions()))
  file:close()
  io.write(warning)
  for _, part in ipairs({ results, goals, of_many, starts }) do
    io.write(part, part ~= "" and "\n" or "")
  end
  io.write("written: ", path, "\n")
end

return report
