--- Reads the text format of Prometheus (version 0.0.4), and refuses what its readers would
-- refuse or misunderstand.
--
--     local families = prometheus.read(text)
--     families.weir_uptime_seconds.samples[1]    --> { labels = { pipeline = "p" }, value = 1.5 }

local M = {}

local TYPES = { counter = true, gauge = true, histogram = true, summary = true, untyped = true }
local SUFFIXES = { histogram = { "_bucket", "_sum", "_count" }, summary = { "", "_sum", "_count" } }

local function fail(line, why)
  error(("%s: %q"):format(why, line), 0)
end

local function unescape(text, line)
  return (text:gsub("\\(.)", function(char)
    return ({ ["\\"] = "\\", n = "\n", ['"'] = '"' })[char] or fail(line, "an unknown escape")
  end))
end

-- The labels of `name{...}`, and what follows them.
local function read_labels(rest, line)
  local labels, key = {}, {}
  local at = 2
  while rest:sub(at, at) ~= "}" do
    local name, from = rest:match('^([%a_][%w_]*)="()', at)
    if not name or labels[name] then
      fail(line, "no label, or a label twice")
    end
    local to = from
    while rest:sub(to, to) ~= '"' do
      if to > #rest then
        fail(line, "a label without end")
      end
      to = to + (rest:sub(to, to) == "\\" and 2 or 1)
    end
    labels[name] = unescape(rest:sub(from, to - 1), line)
    key[#key + 1] = name .. "=" .. labels[name]
    at = to + 1
    if rest:sub(at, at) == "," then
      at = at + 1
    elseif rest:sub(at, at) ~= "}" then
      fail(line, "neither , nor } behind a label")
    end
  end
  table.sort(key)
  return labels, table.concat(key, "\0"), rest:sub(at + 1)
end

local NUMBERS = { NaN = 0 / 0, ["+Inf"] = math.huge, ["-Inf"] = -math.huge }

local function read_sample(line)
  local name, rest = line:match("^([%a_:][%w_:]*)(.*)$")
  if not name then
    fail(line, "no name of a metric")
  end
  local labels, key = {}, ""
  if rest:sub(1, 1) == "{" then
    labels, key, rest = read_labels(rest, line)
  end
  local text = rest:match("^ (%S+)$")
  local value = text and (NUMBERS[text] or text:match("^%-?%d[%d.e+-]*$") and tonumber(text))
  if not value then
    fail(line, "no value")
  end
  return { name = name, labels = labels, key = key, value = value }
end

local function belongs(sample, family)
  for _, suffix in ipairs(SUFFIXES[family.type] or { "" }) do
    if sample.name == family.name .. suffix then
      return true
    end
  end
end

-- Buckets of one series rise to +Inf, which is the count.
local function check_histogram(family)
  local series, counts = {}, {}
  for _, sample in ipairs(family.samples) do
    local key = sample.key:gsub("%z?le=[^%z]*", ""):gsub("^%z", "")
    if sample.name == family.name .. "_bucket" then
      local last = series[key] or { le = -math.huge, value = 0 }
      local le = NUMBERS[sample.labels.le] or tonumber(sample.labels.le)
      assert(le and le > last.le, family.name .. ": buckets are not in order")
      assert(sample.value >= last.value, family.name .. ": a bucket has less than the one before")
      series[key] = { le = le, value = sample.value }
    elseif sample.name == family.name .. "_count" then
      counts[key] = sample.value
    end
  end
  for key, last in pairs(series) do
    assert(last.le == math.huge and last.value == counts[key],
      family.name .. ": the last bucket is not the count")
  end
end

local function check_values(family)
  for _, sample in ipairs(family.samples) do
    local grows = family.type == "counter" or family.type == "histogram"
    assert(not grows or sample.value >= 0, family.name .. ": a counter below 0")
  end
  assert((family.type == "counter") == (family.name:find("_total$") ~= nil),
    family.name .. ": counters, and they alone, end in _total")
end

--- The families by name; an error for a text that is not as it must be.
---@param text string
function M.read(text)
  assert(text:sub(-1) == "\n", "the last line has no end")
  local families, current, seen = {}, nil, {}
  for line in text:gmatch("([^\n]*)\n") do
    local help_of = line:match("^# HELP ([%a_:][%w_:]*) %S")
    local type_of, kind = line:match("^# TYPE ([%a_:][%w_:]*) (%a+)$")
    if help_of then
      assert(not families[help_of], help_of .. " stands twice")
      current = { name = help_of, samples = {} }
      families[help_of] = current
    elseif type_of then
      assert(current and current.name == type_of and not current.type and TYPES[kind], line)
      current.type = kind
    else
      local sample = read_sample(line)
      assert(current and current.type and belongs(sample, current),
        "a sample outside its family: " .. line)
      local whole = sample.name .. "\0" .. sample.key
      assert(not seen[whole], "a sample twice: " .. line)
      seen[whole] = true
      table.insert(current.samples, sample)
    end
  end
  for _, family in pairs(families) do
    assert(#family.samples > 0, family.name .. " is empty")
    check_values(family)
    if family.type == "histogram" then
      check_histogram(family)
    end
  end
  return families
end

--- The value of the sample with these labels, or nil.
function M.value(families, name, labels)
  local family = families[name] or families[name:gsub("_%a+$", "")]
  for _, sample in ipairs(family and family.samples or {}) do
    local fits = sample.name == name
    for label, value in pairs(labels) do
      fits = fits and sample.labels[label] == value
    end
    if fits then
      return sample.value
    end
  end
  return nil
end

return M
