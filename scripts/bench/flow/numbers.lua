--- What the numbers of a run cost where they are asked for, by --stats, --metrics or at a
-- control socket: what a record takes more of the core, by turns inside one process (asked.lua),
-- with the interval that holds the truth 19 times of 20. On a machine that does much besides it
-- narrows with the square root of SECONDS. What is told once a second is a cost of time, not of
-- records, and is said beside it.

local numbers = {}

local DIRECTORY = "build/bench/flow/numbers"
local PROGRAM = "luajit scripts/bench/flow/asked.lua"
local MANY = 900 -- names of the same input, which no run reads to its end
local RECORDS = 1000000 -- of it
local TURNS_FOR = 5 -- times settings.seconds

local PIPELINES = {
  { name = "columns", chain = [[
    :filter "status >= 500":set{ a = "ms * 2" }:filter "ms > 100":select("path", "a")
    :to(weir.discard{})]] },
  { name = "row by row", chain = [[
    local n = 0
    for i = 1, 6 do
      s = s:filter(function(r) n = n + 1 return r.status >= 200 + i end)
    end
    s:to(weir.discard{})]] },
  { name = "ten branches", chain = [[
    for i = 1, 10 do
      s:filter("ms > " .. i):set{ a = "ms * 2" }:to(weir.discard{})
    end]] },
}

local function write(name, text)
  local file = assert(io.open(DIRECTORY .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

local function write_input()
  local lines = {}
  for i = 1, 1000 do
    lines[i] = ('{"ts":"2026-03-02T08:00:02Z","path":"/checkout/%d","status":%d,"ms":%d,'
      .. '"host":"web-%d"}\n'):format(i, 200 + i % 400, i, i % 7)
  end
  write("in", table.concat(lines):rep(RECORDS / 1000))
  for i = 1, MANY do
    assert(os.execute(("ln -sf in %s/%d.jsonl"):format(DIRECTORY, i)) == 0)
  end
end

local function write_script(chain)
  write("run.lua", ('local weir = require "weir"\nlocal s = weir.from(weir.file{ path = %q })\n')
    :format(DIRECTORY .. "/*.jsonl")
    .. (chain:find("^%s*:") and "s" .. chain or chain) .. "\n")
end

local function output_of(command)
  local pipe = io.popen(command)
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function turns(seconds)
  local found = {}
  for word in output_of(("%s %s/run.lua %d"):format(PROGRAM, DIRECTORY, seconds))
    :gmatch("%S+") do
    found[#found + 1] = assert(tonumber(word))
  end
  assert(#found == 6, "weir fails; see " .. DIRECTORY)
  return unpack(found)
end

--- Rows of the table, see flow.lua.
function numbers.run(settings)
  assert(os.execute("mkdir -p " .. DIRECTORY) == 0)
  write_input()
  local rows = {}
  for i, pipeline in ipairs(PIPELINES) do
    write_script(pipeline.chain)
    local count, median, low, high, rate, told_ms = turns(settings.seconds * TURNS_FOR)
    rows[i] = { name = pipeline.name .. ", asked by turns", rate = rate,
      note = ("%+.1f ns a record, %.1f to %.1f (%d pairs), goal 2; telling %.1f ms a second")
        :format(median, low, high, count, told_ms) }
  end
  os.execute("rm -r " .. DIRECTORY)
  return rows
end

return numbers
