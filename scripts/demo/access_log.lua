--- Writes a web shop's access log of one hour, as JSON Lines; the same one each time.
--
--     luajit scripts/demo/access_log.lua > access.jsonl
--
-- Two things go wrong in that hour, for the pipeline to find: from 08:20 the payment
-- provider fails for six minutes, and from 08:40 the search index is rebuilt, which
-- makes it slow. A crash of the logger cuts a few lines short.

local RECORDS = 200000
local SEED = 20260302
local START_S = 1772438400  -- 2026-03-02T08:00:00Z
local HOUR_MS = 3600 * 1000
local CUT_EVERY = 30011  -- records between two lines that are cut short

-- share: of all requests. typical_ms: the median time. spread: of its logarithm.
local areas = {
  { path = "/static/%s.css", share = 0.30, typical_ms = 3, spread = 0.5, failing = 0.0001 },
  { path = "/products/%d", share = 0.24, typical_ms = 35, spread = 0.6, failing = 0.0008 },
  { path = "/search?q=%s", share = 0.14, typical_ms = 90, spread = 0.7, failing = 0.0010 },
  { path = "/api/stock/%d", share = 0.12, typical_ms = 18, spread = 0.6, failing = 0.0015 },
  { path = "/cart", share = 0.08, typical_ms = 40, spread = 0.6, failing = 0.0010 },
  { path = "/checkout/%d", share = 0.05, typical_ms = 160, spread = 0.5, failing = 0.0020 },
  { path = "/account/%d", share = 0.05, typical_ms = 55, spread = 0.6, failing = 0.0010 },
  { path = "/login", share = 0.02, typical_ms = 70, spread = 0.4, failing = 0.0012 },
}

local words = { "lamp", "oak-table", "rug", "kettle", "mirror", "sofa", "shelf", "vase" }
local hosts = { "web-1", "web-2", "web-3", "web-4" }

local random = math.random

-- Roughly normal, mean 0, deviation 1: twelve uniform numbers less six.
local function normal()
  local sum = -6
  for _ = 1, 12 do
    sum = sum + random()
  end
  return sum
end

local function pick_area()
  local at = random()
  for _, area in ipairs(areas) do
    at = at - area.share
    if at < 0 then
      return area
    end
  end
  return areas[1]
end

local function path_of(area)
  local kind = area.path:match("%%(%a)")
  if kind == "d" then
    return area.path:format(random(1, 5000))
  elseif kind == "s" then
    return area.path:format(words[random(#words)])
  end
  return area.path
end

-- What is wrong with an area at a time: its share of failures, and how much slower it is.
local function trouble(area, second)
  if area.path:find("^/checkout") and second >= 20 * 60 and second < 26 * 60 then
    return 0.35, 6
  elseif area.path:find("^/search") and second >= 40 * 60 and second < 47 * 60 then
    return area.failing, 14
  end
  return area.failing, 1
end

local function status_of(failing)
  local at = random()
  if at < failing then
    return random() < 0.7 and 502 or 503
  elseif at < failing + 0.012 then
    return 404
  end
  return at > 0.97 and 304 or 200
end

local function record(ms)
  local second = math.floor(ms / 1000)
  local area = pick_area()
  local failing, slower = trouble(area, second)
  local status = status_of(failing)
  local latency_ms = area.typical_ms * slower * math.exp(area.spread * normal())
  return ('{"ts":"%s.%03dZ","host":"%s","client":"10.%d.%d.%d","method":"%s","path":"%s",'
    .. '"status":%d,"bytes":%d,"latency_ms":%.1f}'):format(
    os.date("!%Y-%m-%dT%H:%M:%S", START_S + second), ms % 1000, hosts[random(#hosts)],
    random(0, 255), random(0, 255), random(1, 254),
    area.path == "/cart" and random() < 0.5 and "POST" or "GET", path_of(area), status,
    status == 304 and 0 or random(200, 40000), latency_ms)
end

math.randomseed(SEED)
io.stdout:setvbuf("full", 2 ^ 18)
for i = 0, RECORDS - 1 do
  local line = record(math.floor(i * HOUR_MS / RECORDS))
  if i % CUT_EVERY == CUT_EVERY - 1 then
    line = line:sub(1, 120)
  end
  io.stdout:write(line, "\n")
end
