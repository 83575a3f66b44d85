--- The tasks as a script for LuaJIT and lua-cjson, the way such scripts are written.
--
--     luajit by_cjson.lua TASK FILE

local cjson = require("cjson")

local task, path = arg[1], arg[2]
local decode, encode = cjson.decode, cjson.encode
local floor = math.floor

io.stdout:setvbuf("full", 256 * 1024)

local function write(record)
  io.write(encode(record), "\n")
end

local tasks = {}

function tasks.T1()
  for line in io.lines(path) do
    decode(line)
    io.write(line, "\n")
  end
end

function tasks.T2()
  for line in io.lines(path) do
    local r = decode(line)
    if r.status >= 500 then
      write({ ts = r.ts, host = r.host, path = r.path, status = r.status })
    end
  end
end

function tasks.T3()
  for line in io.lines(path) do
    local r = decode(line)
    local l = r.latency_ms
    r.bucket = l < 10 and "fast" or l < 100 and "ok" or "slow"
    r.prefix = r.path:match("^(.*)/")
    write(r)
  end
end

function tasks.T4()
  local groups, list = {}, {}
  for line in io.lines(path) do
    local r = decode(line)
    local w, prefix = floor(r.ts / 10000), r.path:match("^(.*)/")
    local of_window = groups[w]
    if not of_window then
      of_window = {}
      groups[w] = of_window
    end
    local group = of_window[prefix]
    if not group then
      group = { w = w, prefix = prefix, count = 0, sum = 0 }
      of_window[prefix] = group
      list[#list + 1] = group
    end
    group.count = group.count + 1
    group.sum = group.sum + r.latency_ms
  end
  table.sort(list, function(a, b)
    return a.w < b.w or a.w == b.w and a.prefix < b.prefix
  end)
  for _, group in ipairs(list) do
    group.average = group.sum / group.count
    group.sum = nil
    write(group)
  end
end

function tasks.T7()
  for line in io.lines(path) do
    local r = decode(line)
    local http = r.http
    if http.status >= 500 then
      write({ ts = r.ts, host = r.host.name, path = http.path, status = http.status })
    end
  end
end

tasks[task]()
