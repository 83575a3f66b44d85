--- The input files, made when they are first asked for and kept in build/bench/data.

local SEED = 42
local HOME = "build/bench/data"
local HEAVY = 5  -- a heavy record is worth so many
local suffixes = { web = "jsonl", heavy = "jsonl", csv = "csv", log = "log" }

local data = {}

-- How many records of a kind stand for so many of the small one.
function data.records(kind, count)
  return kind == "heavy" and math.ceil(count / HEAVY) or count
end

function data.file(kind, count)
  local records = data.records(kind, count)
  local path = ("%s/%s-%d.%s"):format(HOME, kind, records, suffixes[kind])
  local file = io.open(path)
  if file then
    file:close()
    return path
  end
  local made = os.execute(("mkdir -p %s && build/bench/generate %s %d %d >%s.part && mv %s.part %s")
    :format(HOME, kind, records, SEED, path, path, path))
  assert(made == 0, "cannot make " .. path)
  return path
end

return data
