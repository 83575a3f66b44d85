--- What must come out of each task: slow, and plain enough to be believed.
--
-- Every answer is told from the JSON records, also that of T5 and T6, whose input holds
-- the same requests in another form.

local cjson = require("cjson")

local floor = math.floor

local function prefix(path)
  return path:match("^(.*)/")
end

-- A task that looks at one record at a time.
local function each(answer)
  return function(records, emit)
    for r in records do
      local out = answer(r)
      if out then
        emit(out)
      end
    end
  end
end

local answers = {}

answers.T1 = each(function(r)
  return r
end)

answers.T2 = each(function(r)
  return r.status >= 500 and { ts = r.ts, host = r.host, path = r.path, status = r.status }
end)

answers.T3 = each(function(r)
  if r.latency_ms < 10 then
    r.bucket = "fast"
  elseif r.latency_ms < 100 then
    r.bucket = "ok"
  else
    r.bucket = "slow"
  end
  r.prefix = prefix(r.path)
  return r
end)

function answers.T4(records, emit)
  local groups, list = {}, {}
  for r in records do
    local w, p = floor(r.ts / 10000), prefix(r.path)
    local key = w .. p
    if not groups[key] then
      groups[key] = { w = w, prefix = p, count = 0, sum = 0 }
      table.insert(list, groups[key])
    end
    local group = groups[key]
    group.count = group.count + 1
    group.sum = group.sum + r.latency_ms
  end
  table.sort(list, function(a, b)
    return a.w < b.w or a.w == b.w and a.prefix < b.prefix
  end)
  for _, g in ipairs(list) do
    emit({ w = g.w, prefix = g.prefix, count = g.count, average = g.sum / g.count })
  end
end

answers.T5 = each(function(r)
  local user = tonumber(r.user_id:sub(2))
  return {
    client = ("10.%d.%d.%d"):format(floor(user / 65536), floor(user / 256) % 256, user % 256),
    user = r.method ~= "GET" and r.user_id or nil,
    time = os.date("!%d/%b/%Y:%H:%M:%S +0000", floor(r.ts / 1000)),
    method = r.method,
    path = r.path,
    protocol = "HTTP/1.1",
    status = r.status,
    bytes = r.status ~= 304 and r.bytes or nil,
    referrer = r.level ~= "debug" and "https://" .. r.host .. prefix(r.path) or nil,
    agent = r.ua,
  }
end)

answers.T6 = each(function(r)
  r.ts = ("%d"):format(r.ts)
  r.bytes = ("%d"):format(r.bytes)
  return r
end)

answers.T7 = each(function(r)
  return r.http.status >= 500
    and { ts = r.ts, host = r.host.name, path = r.http.path, status = r.http.status }
end)

function answers.count(records, emit)
  local n = 0
  for _ in records do
    n = n + 1
  end
  emit({ records = n })
end

-- Numbers may differ by what printing 14 digits loses.
local function same(a, b)
  if type(a) == "number" and type(b) == "number" then
    return math.abs(a - b) <= 1e-12 * math.abs(a)
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function records_of(path)
  local lines = io.lines(path)
  return function()
    local line = lines()
    return line and cjson.decode(line)
  end
end

local reference = { each = each }

-- Is this output the right answer to this JSON input? nil, or where it first is not.
-- An answer is named, or a function as those above.
function reference.differs(answer, input, output)
  local lines, number = io.lines(output), 0
  local wrong
  answer = answers[answer] or answer
  answer(records_of(input), function(expected)
    number = number + 1
    local line = lines()
    local ok, got = pcall(cjson.decode, line)
    if not wrong and not (ok and same(expected, got)) then
      wrong = ("record %d: expected %s, got %s")
        :format(number, cjson.encode(expected), line or "no more")
    end
  end)
  local more = lines()
  return wrong or more and "more than expected: " .. more or nil
end

return reference
