--- Who is measured, and how each is called.
--
-- `command(task, file)` is the list of words that does the task on the file, or nil where
-- the subject has no part in it. `tenth`: it is slow, and gets a tenth of the records.
-- `goal` holds for each task that sets none itself. `parallel`: more CPU for less time.

local SCRIPTS = "build/bench/pipelines"

-- Writes the chain as the pipeline that a user would keep in a file.
local function pipeline(task, chain, name)
  local path = ("%s/%s.lua"):format(SCRIPTS, name)
  os.execute("mkdir -p " .. SCRIPTS)
  local file = assert(io.open(path, "w"))
  file:write(([[
local weir = require "weir"
weir.from(weir.file{ path = (...), codec = %s })
  %s
  :to(weir.stdout{})
]]):format(task.codec or '"json"', chain))
  file:close()
  return path
end

local function weir(workers, script, file)
  return { "build/weir", "run", "-q", "--strict", "--workers", workers, script, "--", file }
end

local function is_json(task)
  return task.codec == nil
end

-- The words of the command, then those that are given, then the file.
local function words(command, more, file)
  local list = {}
  for _, part in ipairs({ command, more or {}, { file } }) do
    for _, word in ipairs(part) do
      list[#list + 1] = word
    end
  end
  return list
end

local subjects = {
  {
    id = "weir",
    name = "weir",
    command = function(task, file)
      return weir("1", pipeline(task, task.chain, task.name), file)
    end,
  },
  {
    id = "text",
    name = "weir, text expressions",
    goal = "<= 1.05",
    command = function(task, file)
      return task.text and weir("1", pipeline(task, task.text, task.name .. "-text"), file)
    end,
  },
  {
    id = "two",
    name = "weir, two workers",
    parallel = true,
    command = function(task, file)
      return weir("2", pipeline(task, task.chain, task.name), file)
    end,
  },
  {
    id = "floor",
    name = "floor: read, scan, check",
    answer = "count",
    command = function(task, file)
      return is_json(task) and { "build/bench/floor", file }
    end,
  },
  {
    id = "simdjson",
    name = "simdjson, C++ by hand",
    command = function(task, file)
      return is_json(task) and { "build/bench/simdjson", task.name, file }
    end,
  },
  {
    id = "cjson",
    name = "LuaJIT, lua-cjson",
    command = function(task, file)
      return is_json(task)
        and { "luajit", "scripts/bench/rivals/by_cjson.lua", task.name, file }
    end,
  },
  {
    id = "jq",
    name = "jq",
    tenth = true,
    command = function(task, file)
      return task.jq and words({ "jq", "-c" }, task.jq, file)
    end,
  },
  {
    id = "mlr",
    name = "Miller",
    tenth = true,
    command = function(task, file)
      local from = is_json(task) and "--ijsonl" or "--icsv"
      return task.mlr and words({ "mlr", from, "--ojsonl" }, task.mlr, file)
    end,
  },
}

-- Those that only the task knows.
for _, rival in ipairs({
  { id = "lpeg", name = "LuaJIT, LPeg" },
  { id = "patterns", name = "LuaJIT, Lua patterns" },
  { id = "gawk", name = "gawk", tenth = true },
  { id = "mawk", name = "mawk" },
}) do
  function rival.command(task, file)
    local command = task.by and task.by[rival.id]
    return command and words(command, nil, file)
  end
  subjects[#subjects + 1] = rival
end

return subjects
