--- What a run costs, and the middle of several.

local measure = {}

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Runs the command once, see measure.c: { wall =, cpu =, peak = (MB), exit = }.
function measure.once(command, out)
  local words = { "build/bench/measure", quoted(out) }
  for i, word in ipairs(command) do
    words[i + 2] = quoted(word)
  end
  local pipe = io.popen(table.concat(words, " "))
  local wall, cpu, kib, exit = pipe:read("*n", "*n", "*n", "*n")
  pipe:close()
  assert(exit, "cannot measure " .. command[1])
  return { wall = wall, cpu = cpu, peak = kib * 1024 / 1e6, exit = exit }
end

local function sorted(costs, what)
  local values = {}
  for i, cost in ipairs(costs) do
    values[i] = cost[what]
  end
  table.sort(values)
  return values
end

local function middle(values)
  local n = #values
  return (values[math.ceil(n / 2)] + values[math.floor(n / 2) + 1]) / 2
end

-- The median of one of the things measured.
function measure.middle_of(costs, what)
  return middle(sorted(costs, what))
end

-- The median of each, the highest peak, and how far the times lie apart.
function measure.median(costs)
  local walls = sorted(costs, "wall")
  local wall = middle(walls)
  return {
    wall = wall,
    cpu = middle(sorted(costs, "cpu")),
    peak = sorted(costs, "peak")[#costs],
    spread = (walls[#walls] - walls[1]) / wall,
  }
end

return measure
