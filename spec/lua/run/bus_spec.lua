-- Buses at random: who publishes what to whom, with which policies, cut anywhere and stepped
-- in any order, against a model that compares every record with every subscriber. Whatever
-- the policy, each record that a subscriber wants is delivered or counted as dropped, once,
-- those of one publisher come in their order, and each knows its topic and type.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local json_model = require("spec.support.json_model")
local runner_of = require("weir.run.engine")
local worker = require("weir.run.worker")

engine.load("engine/base/err.h", "engine/sched/flow.h")

local random = math.random
local ROUNDS = tonumber(os.getenv("ROUNDS")) or 150
local seed = tonumber(os.getenv("SEED")) or os.time()

local function pick(list)
  return list[random(#list)]
end

-- --- the model

local function matches(pattern, topic)
  local lua = pattern:gsub("[%%%-]", "%%%0"):gsub("%.", "%%."):gsub("%*", "[^.]+")
    :gsub("^>$", ".+"):gsub("%%%.>$", "%%..+")
  return topic:find("^" .. lua .. "$") ~= nil
end

-- The template filled from a record, or nil where a field is missing.
local function fill(template, record, separator)
  local missing = false
  local text = template:gsub("{(%w+)}", function(name)
    local value = record[name]
    missing = missing or value == nil
    return value and tostring(value):gsub(separator, function(byte)
      return ("%%%02X"):format(byte:byte())
    end) or ""
  end)
  return not missing and text or nil
end

-- The topic and type under which a subscriber gets a record, or nil.
local function wants(subscriber, publisher, record)
  local topic = fill(publisher.topic, record, "[.]")
  local type = publisher.type and fill(publisher.type, record, "%z")
  if not topic or (publisher.type and not type) then
    return nil
  end
  local of_type = not subscriber.types
  for _, one in ipairs(subscriber.types or {}) do
    of_type = of_type or one == type
  end
  if of_type and matches(subscriber.topic, topic) then
    return topic, type
  end
end

-- --- cases

local TOPICS = { "a", "a.b", "a.b.c", "{r}", "a.{r}", "{r}.b", "x-{r}.{k}", "a.{k}.c", "b" }
local PATTERNS = { "a", "a.*", "a.>", ">", "*", "*.b", "a.b.c", "a.*.c", "x-eu.*", "x-eu.>", "eu",
  "a.us", "a.e%2Eu", "*.*" }
local TYPES = { "made", "sent", "{k}", "k-{k}" }
local WANTED = { { "made" }, { "sent", "made" }, { "1", "2" }, { "k-1" } }
local REGIONS = { "eu", "us", "e.u", "b" }
local POLICIES = {
  "", "", 'overflow = "block"', 'overflow = "drop_oldest", max_records = 3',
  'overflow = "drop_newest", max_records = 5', "max_records = 2",
  'overflow = "sample", keep = 0.5, max_records = 8', 'overflow = "drop_oldest", max_bytes = 200',
}

-- A stream is a source of records or what a subscriber of an earlier level got; what it
-- publishes carries the way it came in `via`.
local function make_publishers(level, streams)
  local publishers = {}
  for i = 1, random(1, 3) do
    publishers[i] = {
      name = ("p%d_%d"):format(level, i),
      from = random(#streams),
      topic = ("l%d."):format(level) .. pick(TOPICS),
      type = random(3) == 1 and pick(TYPES) or nil,
    }
  end
  return publishers
end

local function may_hear(publisher, subscriber)
  local topic = require("weir.describe.topic")
  return topic.may_match(publisher.topic, subscriber.topic)
    and topic.may_have_type(publisher.type, subscriber.types)
end

local function make_subscribers(level, publishers)
  local subscribers = {}
  for i = 1, random(1, 4) do
    local one = {
      name = ("s%d_%d"):format(level, i),
      topic = ("l%d."):format(level) .. pick(PATTERNS),
      types = random(3) == 1 and pick(WANTED) or nil,
      policy = pick(POLICIES),
      taken = random(2) == 1,
    }
    for _, publisher in ipairs(publishers) do
      if may_hear(publisher, one) then
        subscribers[#subscribers + 1] = one
        break
      end
    end
  end
  return subscribers
end

local function make_records(source)
  local records = {}
  for n = 1, random(0, 80) do
    records[n] = { id = ("%d-%d"):format(source, n), r = random(12) > 1 and pick(REGIONS) or nil,
      k = random(3), via = "" }
  end
  return records
end

local function text_of(records)
  local out = {}
  for i, record in ipairs(records) do
    out[i] = ("{ id = %q, r = %s, k = %d, via = '' }"):format(record.id,
      record.r and ("%q"):format(record.r) or "nil", record.k)
  end
  return table.concat(out, ", ")
end

local function quoted(list)
  local out = {}
  for i, text in ipairs(list) do
    out[i] = ("%q"):format(text)
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local function add_level(lines, case, level, streams)
  local publishers = make_publishers(level, streams)
  local subscribers = make_subscribers(level, publishers)
  local own = {}
  for _, one in ipairs(publishers) do
    table.insert(own, ("%s:set{ via = \"via .. '>%s'\" }:to(weir.bus{ topic = %q, type = %s })")
      :format(streams[one.from].name, one.name, one.topic,
        one.type and ("%q"):format(one.type) or "nil"))
  end
  for _, one in ipairs(subscribers) do
    local types = one.types and "type = " .. quoted(one.types) .. ", " or ""
    table.insert(own, ("local %s = weir.from(weir.bus{ topic = %q, %s%s })"):format(one.name,
      one.topic, types, one.policy))
    one.is_bare = random(3) == 1
    table.insert(own, ("%s%s:to(weir.memory{ name = %q })"):format(one.name,
      one.is_bare and "" or ":set{ topic = '@topic', type = '@type' }", one.name))
    if one.policy:find("overflow") and one.taken then
      one.side = true
      table.insert(own, ('%s:side "dropped":to(weir.memory{ name = "%s_dropped" })'):format(
        one.name, one.name))
    end
    streams[#streams + 1] = { name = one.name }
  end
  table.insert(case.levels, { publishers = publishers, subscribers = subscribers })
  for _, line in ipairs(own) do
    lines[#lines + 1] = line
  end
end

local function make_case()
  local case, streams = { sources = {}, levels = {} }, {}
  local lines = { 'local weir = require "weir"' }
  for i = 1, random(1, 3) do
    case.sources[i] = make_records(i)
    streams[i] = { name = "in" .. i }
    lines[#lines + 1] = ("local in%d = weir.from(weir.memory{ records = { %s } })"):format(i,
      text_of(case.sources[i]))
    lines[#lines + 1] = ("in%d:to(weir.discard{})"):format(i)
  end
  for level = 1, random(1, 2) do
    add_level(lines, case, level, streams)
  end
  case.script = table.concat(lines, "\n")
  return case
end

-- --- a run

local function drive(opened, now, workers)
  local setup, runners, ends = opened:setup(), {}, {}
  for number = 1, workers do
    local runner = driver.runner(worker.prepare(opened.flow, setup, number))
    runners[number], ends[number] = runner.c, runner
  end
  local stopped = false
  driver.run(opened.flow, runners, now, function()
    if random(400) == 1 then
      opened:stop()
      stopped = true
    end
  end)
  for _, runner in ipairs(ends) do
    runner:free()
  end
  return stopped
end

local function play(case, workers)
  local limits = ffi.new("weir_run_limits", random(30), random(20, 2000), random(0, 400))
  local clock, now = driver.clock()
  local opened, err = runner_of.open({ text = case.script, path = "bus.lua",
    options = { limits = limits, clock = clock, workers = workers } })
  assert(opened, err and err.message)
  assert(opened:start(false))
  local stopped = drive(opened, now, workers)
  local result, outputs = opened:result(), driver.outputs(opened)
  opened:close()
  assert.is_true(result.ledger.balanced)
  local dropped = {}
  for _, stage in ipairs(result.ledger.stages) do
    dropped[stage.name] = stage.dropped
  end
  local rows = {}
  for name, texts in pairs(outputs) do
    rows[name] = {}
    for i, text in ipairs(texts) do
      rows[name][i] = json_model.decode(text)
    end
  end
  return rows, not stopped and dropped or nil
end

local function list_dropped(dropped)
  local count = 0
  for _, reason in ipairs({ "dropped_oldest", "dropped_newest", "sampled" }) do
    count = count + (dropped[reason] or 0)
  end
  return count
end

-- Checks what one subscriber got of one publisher: in order, each once; gives how many.
local function check_one(expected, got, what, told)
  local at = 0
  local place, count = {}, 0
  for i, one in ipairs(expected) do
    place[one.id] = i
  end
  for _, row in ipairs(got) do
    local found = place[row.id .. row.via]
    if found then
      assert.is_true(found > at, what .. ": order of " .. row.id)
      if told then
        assert.same({ expected[found].topic, expected[found].type }, { row.topic, row.type })
      end
      at, count = found, count + 1
    end
  end
  return count
end

-- A run that was stopped has not read all, so what it delivered is less: then `dropped` is
-- nil. What is expected of a level are the records that really came out of the one before.
local function check_level(level, streams_rows, rows, dropped)
  for _, subscriber in ipairs(level.subscribers) do
    local delivered = rows[subscriber.name] or {}
    local side = rows[subscriber.name .. "_dropped"] or {}
    local wanted, found, found_side = 0, 0, 0
    for _, publisher in ipairs(level.publishers) do
      local expected = {}
      for _, record in ipairs(streams_rows[publisher.from]) do
        local topic, type = wants(subscriber, publisher, record)
        if topic then
          local id = record.id .. record.via .. ">" .. publisher.name
          expected[#expected + 1] = { id = id, topic = topic, type = type }
        end
      end
      wanted = wanted + #expected
      found = found + check_one(expected, delivered, subscriber.name,
        not subscriber.is_bare)
      found_side = found_side + check_one(expected, side, subscriber.name .. " dropped")
    end
    assert.equal(#delivered, found, subscriber.name .. ": records that it did not want")
    assert.equal(#side, found_side)
    if dropped then
      local counted = list_dropped(dropped[subscriber.node] or {})
      assert.equal(wanted, found + counted, subscriber.name .. ": delivered and dropped")
      assert.equal(subscriber.side and counted or 0, #side)
    end
  end
end

-- A subscriber's stage is called after its topic, and counts up.
local function name_nodes(case)
  local taken = {}
  for _, level in ipairs(case.levels) do
    for _, one in ipairs(level.subscribers) do
      local name = "subscribe:" .. one.topic
      taken[name] = (taken[name] or 0) + 1
      one.node = taken[name] == 1 and name or name .. ":" .. taken[name]
    end
  end
end

local function check(case, rows, dropped)
  name_nodes(case)
  local of_streams = {}
  for i, records in ipairs(case.sources) do
    of_streams[i] = records
  end
  for _, level in ipairs(case.levels) do
    check_level(level, of_streams, rows, dropped)
    for _, one in ipairs(level.subscribers) do
      of_streams[#of_streams + 1] = rows[one.name] or {}
    end
  end
end

describe("buses at random", function()
  it("give each record to those who want it, or count it", function()
    math.randomseed(seed)
    for round = 1, ROUNDS do
      local case = make_case()
      local ok, problem = pcall(function()
        check(case, play(case, random(4)))
      end)
      if not ok then
        error(("SEED=%d, round %d: %s\n%s"):format(seed, round,
          type(problem) == "table" and tostring(problem.message or problem) or problem,
          case.script), 0)
      end
    end
  end)
end)
