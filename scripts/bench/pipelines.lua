--- The scripts of T8 to T10: several chains in one, no two of them alike, and what must
-- come of each.

local each = require("reference").each

local pipelines = {}

local SCRIPTS = "build/bench/pipelines"

-- What a branch or pipeline does, as stages. The numbers make them differ and change no
-- answer by much; the last kind has a lambda that cannot be inlined.
local kinds = {
  [[:filter(function(r) return r.status >= %d end):select("ts", "host", "path", "status")]],
  [[:map(function(r)
    local l = r.latency_ms
    r.bucket = l < %d / 9 and "fast" or l < 400 and "ok" or "slow"
    r.prefix = r.path:match("^(.*)/")
  end)]],
  [[:filter(function(r) return r.method == "POST" and r.bytes > %d end):drop_fields("ua")]],
  [[:filter(function(r) return r.status ~= 200 end)
    :map(function(r)
      local rest, rounds = r.bytes, 0
      while rest > 1 + %d do rest, rounds = math.floor(rest / 2), rounds + 1 end
      return { label = r.host, rounds = rounds }
    end)]],
}

--- A branch's condition holds for all that T2's does, so it is T2, many times.
function pipelines.branch_stages(i)
  return kinds[1]:format(490 + i)
end

local function number_of(i)
  return 405 + i % 95  -- below it are no errors but those of clients
end

function pipelines.stages(i)
  return kinds[(i - 1) % #kinds + 1]:format(number_of(i))
end

--- A script of several chains; stages(i) are those of number i. With a second argument
-- each has a file there, without it nothing is written.
function pipelines.write(name, first, last, stages, one_source)
  local path = ("%s/%s.lua"):format(SCRIPTS, name)
  os.execute("mkdir -p " .. SCRIPTS)
  local file = assert(io.open(path, "w"))
  file:write([[
local weir = require "weir"
local input, out = ...
local function from(i)
  return weir.from(weir.file{ path = input, name = "in" .. i, codec = "json" })
end
local function to(i)
  return out and weir.file{ path = out .. "/" .. i .. ".jsonl", name = "out" .. i, codec = "json" }
    or weir.discard{ name = "out" .. i }
end
]])
  if one_source then
    file:write("local all = from(1)\n")
  end
  for i = first, last do
    file:write(("%s\n  %s\n  :to(to(%d))\n"):format(one_source and "all" or ("from(%d)"):format(i),
      stages(i), i))
  end
  file:close()
  return path
end

--- What must come of a branch, as reference.lua has it.
function pipelines.branch_answer(i)
  return each(function(r)
    return r.status >= 490 + i
      and { ts = r.ts, host = r.host, path = r.path, status = r.status }
  end)
end

local answers = {
  function(i)
    return function(r)
      return r.status >= i and { ts = r.ts, host = r.host, path = r.path, status = r.status }
    end
  end,
  function(i)
    return function(r)
      local l = r.latency_ms
      r.bucket = l < i / 9 and "fast" or l < 400 and "ok" or "slow"
      r.prefix = r.path:match("^(.*)/")
      return r
    end
  end,
  function(i)
    return function(r)
      r.ua = nil
      return r.method == "POST" and r.bytes > i and r
    end
  end,
  function(i)
    return function(r)
      local rest, rounds = r.bytes, 0
      while rest > 1 + i do
        rest, rounds = math.floor(rest / 2), rounds + 1
      end
      return r.status ~= 200 and { label = r.host, rounds = rounds }
    end
  end,
}

function pipelines.answer(i)
  return each(answers[(i - 1) % #answers + 1](number_of(i)))
end

return pipelines
