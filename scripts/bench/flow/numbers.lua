--- What the numbers of a run cost where they are asked for, by --stats, --metrics or at a
-- control socket. Two proofs, see asked.lua: what a record takes more of the core, by turns
-- inside one process; and how many instructions, counted by valgrind where it is, which no
-- noise of the machine drowns. What is told once a second is a cost of time, not of records:
-- it has a column of its own.

local numbers = {}

local DIRECTORY = "build/bench/flow/numbers"
local PROGRAM = "luajit scripts/bench/flow/asked.lua"
local MANY = 900       -- names of the same input, which a run of turns does not read to its end
local BIG, PART = 1000000, 100000 -- records of it, and of what is counted
local TURNS_FOR = 5    -- times settings.seconds

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
  write("part", table.concat(lines):rep(PART / 1000))
  write("big", table.concat(lines):rep(BIG / 1000))
  for i = 1, MANY do
    assert(os.execute(("ln -sf %s %s/%d.jsonl"):format(i < 10 and "part" or "big", DIRECTORY, i))
      == 0)
  end
end

-- A script that reads so many of the parts, or all that is big.
local function write_script(chain, parts)
  local paths = parts and ("[1-%d].jsonl"):format(parts) or "???.jsonl"
  write("run.lua", ('local weir = require "weir"\nlocal s = weir.from(weir.file{ path = %q })\n')
    :format(DIRECTORY .. "/" .. paths)
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
  for word in output_of(("%s turns %s/run.lua %d"):format(PROGRAM, DIRECTORY, seconds))
    :gmatch("%S+") do
    found[#found + 1] = assert(tonumber(word))
  end
  assert(#found == 6, "weir fails; see " .. DIRECTORY)
  return unpack(found)
end

-- Instructions of a whole run, the median of some.
local function instructions(asked, runs)
  local counts = {}
  for i = 1, runs do
    local said = output_of(("valgrind --tool=callgrind --callgrind-out-file=/dev/null %s all"
      .. " %s/run.lua %s 2>&1"):format(PROGRAM, DIRECTORY, asked))
    counts[i] = assert(tonumber(said:match("Collected : (%d+)")), said)
  end
  table.sort(counts)
  return counts[math.ceil(runs / 2)]
end

-- More for a record of the second half of what is read: what is done once is not of records.
local function more_instructions(chain, runs)
  local counts = {}
  for _, asked in ipairs({ "no", "yes" }) do
    for parts = 4, 8, 4 do
      write_script(chain, parts)
      counts[asked .. parts] = instructions(asked, runs)
    end
  end
  local records = 4 * PART
  return (counts.yes8 - counts.yes4 - counts.no8 + counts.no4) / records,
    (counts.no8 - counts.no4) / records
end

--- Rows of the table, see flow.lua.
function numbers.run(settings)
  assert(os.execute("mkdir -p " .. DIRECTORY) == 0)
  write_input()
  local counts = os.execute("command -v valgrind >/dev/null") == 0
  local rows = {}
  for _, pipeline in ipairs(PIPELINES) do
    write_script(pipeline.chain)
    local pairs_, median, low, high, rate, told_ms = turns(settings.seconds * TURNS_FOR)
    rows[#rows + 1] = { name = pipeline.name .. ", asked by turns", rate = rate,
      note = ("%+.1f ns a record, %.1f to %.1f (%d pairs), goal 2; telling %.1f ms a second")
        :format(median, low, high, pairs_, told_ms) }
    if counts then
      local more, all = more_instructions(pipeline.chain, settings.runs)
      rows[#rows + 1] = { name = pipeline.name .. ", counted",
        note = ("%+.1f instructions a record, of %.0f"):format(more, all) }
    end
  end
  os.execute("rm -r " .. DIRECTORY)
  return rows
end

return numbers
