--- What spill does: batches to the durable log and back, by log-speed.c, beside a plain file.

local measure = require("measure")

local spill = {}

local DIRECTORY = "build/bench/flow/log"

--- Rows of the table, see flow.lua.
function spill.run(settings)
  local runs = { written = {}, drained = {}, raw = {} }
  local pipe = io.popen(("rm -rf %s && mkdir -p %s && build/bench/flow/log-speed %s %d"):format(
    DIRECTORY, DIRECTORY, DIRECTORY, settings.runs))
  for line in pipe:lines() do
    local next_number = line:gmatch("%S+")
    for _, what in ipairs({ "written", "drained", "raw" }) do
      local wall, core = tonumber(next_number()), tonumber(next_number())
      table.insert(runs[what], { wall = wall, cpu = core, peak = 0 })
    end
  end
  pipe:close()
  assert(#runs.raw == settings.runs, "the log cannot be measured")
  local median = {}
  for what, costs in pairs(runs) do
    median[what] = measure.median(costs)
  end
  local function row(name, what, goal)
    return {
      name = name, mb_s = median[what].wall, spread = median[what].spread,
      ratio = median[what].wall / median.raw.wall, goal = goal and { mb_s = goal },
      note = ("a core could %.0f MB/s"):format(median[what].cpu),
    }
  end
  return {
    row("weir's log, written", "written", ">= 500"),
    row("weir's log, drained", "drained", ">= 500"),
    row("a plain file, written", "raw"),
  }
end

return spill
