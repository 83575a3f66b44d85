--- What the numbers of a run cost where they are asked for once a second, by --stats,
-- --metrics and a control socket: what its processes take more than where nobody asks.
--
-- That is a cost of time, not of records: they are counted either way.

local measure = require("measure")

local numbers = {}

local DIRECTORY = "build/bench/flow/numbers"

local PIPELINES = {
  { name = "columns", chain = [[
    :filter "status >= 500":set{ a = "ms * 2" }:filter "ms > 100":select("path", "a")]] },
  { name = "row by row", chain = [[
    local n = 0
    for i = 1, 6 do
      s = s:filter(function(r) n = n + 1 return r.status >= 200 + i end)
    end
    s = s]] },
}

local ASKED = { "--stats", "1s", "--metrics", DIRECTORY .. "/m.prom", "--control",
  DIRECTORY .. "/run.sock" }

local function write(name, text)
  local file = assert(io.open(DIRECTORY .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

local function write_input(records)
  local lines = {}
  for i = 1, 1000 do
    lines[i] = ('{"ts":"2026-03-02T08:00:02Z","path":"/checkout/%d","status":%d,"ms":%d,'
      .. '"host":"web-%d"}\n'):format(i, 200 + i % 400, i, i % 7)
  end
  write("in.jsonl", table.concat(lines):rep(records / 1000))
end

local function write_script(chain)
  write("run.lua", ('local weir = require "weir"\nlocal s = weir.from(weir.file{ path = %q })\n')
    :format(DIRECTORY .. "/in.jsonl")
    .. (chain:find("^%s*:") and "s = s" .. chain or chain) .. '\ns:to(weir.discard{})\n')
end

local function command(flags)
  local words = { "build/weir", "run", "-q", "--workers", "1" }
  for _, flag in ipairs(flags) do
    words[#words + 1] = flag
  end
  words[#words + 1] = DIRECTORY .. "/run.lua"
  return words
end

-- In turn, so that a slow minute of the machine is everybody's.
local function costs_of(runs)
  local costs = { asked = {}, not_asked = {} }
  for _ = 1, runs do
    for name, flags in pairs({ not_asked = { "--control", "off" }, asked = ASKED }) do
      local cost = measure.once(command(flags), "/dev/null")
      assert(cost.exit == 0, "weir fails; see " .. DIRECTORY)
      table.insert(costs[name], cost)
    end
  end
  return measure.median(costs.asked), measure.median(costs.not_asked)
end

--- Rows of the table, see flow.lua.
function numbers.run(settings)
  assert(os.execute("mkdir -p " .. DIRECTORY) == 0)
  write_input(settings.records)
  local rows = {}
  for _, pipeline in ipairs(PIPELINES) do
    write_script(pipeline.chain)
    local asked, not_asked = costs_of(settings.runs)
    local function row(name, cost, note)
      rows[#rows + 1] = { name = pipeline.name .. name, records = settings.records,
        seconds = cost.wall, rate = settings.records / cost.wall, spread = cost.spread,
        cpu_us = cost.cpu / settings.records * 1e6, note = note }
    end
    row(", nobody asks", not_asked)
    row(", asked", asked, ("%+.1f ns a record, goal 2"):format(
      (asked.cpu - not_asked.cpu) / settings.records * 1e9))
  end
  os.execute("rm -r " .. DIRECTORY)
  return rows
end

return numbers
