-- Whole pipelines at random: what the engine makes of random operators over random
-- records, cut anywhere and stepped in any order by one to four workers, against the
-- slow models; once with what can be lifted done a strip at a time, and once row by row;
-- and while somebody looks at what stages let go, now here, now there.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")
local json_model = require("spec.support.json_model")
local parts_model = require("spec.support.parts_model")
local random_pipeline = require("spec.support.random_pipeline")
local worker = require("weir.run.worker")
local runner_of = require("weir.run.engine")
local connectors = require("weir.run.connectors")

local C = engine.load("engine/base/buf.h", "engine/base/err.h", "engine/data/batch.h",
  "engine/data/json.h", "engine/sched/flow.h", "engine/sched/measure.h")

-- FIRST=515 PIPELINES=515 SEED=... plays one of them again.
local FIRST = tonumber(os.getenv("FIRST")) or 1
local PIPELINES = tonumber(os.getenv("PIPELINES")) or 2000

local random = math.random
local seed = tonumber(os.getenv("SEED")) or os.time()
local directory
local canonical = json_model.canonical

-- A file of random records; gives those that are well-formed, in order.
local function write_file(path)
  local file, rows, faults = assert(io.open(path, "wb")), {}, 0
  for _ = 1, random(0, 60) do
    if random(40) == 1 then
      file:write(random_pipeline.MALFORMED[random(#random_pipeline.MALFORMED)], "\n")
      faults = faults + 1
    else
      local text = random_pipeline.record()
      rows[#rows + 1] = text
      file:write(text, random(20) == 1 and "\r\n" or "\n")
    end
  end
  file:close()
  return { path = path, rows = rows, faults = faults }
end

local function decoded(text)
  local ok, value = pcall(json_model.decode, text)
  if not ok then
    return nil, value
  elseif not text:find("^%s*{") then
    return nil, "not an object"
  end
  return value
end

-- The parts of a file are the batches that its source makes.
local function file_parts(node, files, block_size)
  local file = files[node.source.path[1]]
  local source = connectors.source(node.source, { block_size = block_size })
  local pool = C.weir_pool_new(1)
  local parts, at = {}, 0
  while true do
    local batch = C.weir_batch_new(pool)
    local code = source.ops.next(source, batch)
    local part = { sequence = #parts, rows = {} }
    for i = 1, code == 0 and batch.row_count or 0 do
      part.rows[i] = json_model.decode(file.rows[at + i])
    end
    C.weir_batch_unref(batch)
    if code ~= 0 then
      break
    end
    at, parts[#parts + 1] = at + #part.rows, part
  end
  C.weir_source_free(source)
  C.weir_pool_free(pool)
  assert(at == #file.rows, "rows of " .. file.path)
  return parts
end

local function canonical_rows(parts)
  local out = {}
  for _, part in ipairs(parts) do
    for _, row in ipairs(part.rows) do
      out[#out + 1] = canonical(row)
    end
  end
  return out
end

local function expected(graph, case)
  fuel.refill(math.huge)
  return pcall(parts_model.run, graph, function(node)
    return file_parts(node, case.files, case.block_size)
  end, decoded)
end

-- What depends on the time, or on where batches were cut, taken out of a dead letter.
local function essence(letter)
  return (letter:gsub('^{"time":%d+,', "{"):gsub(" %(record %d+%)", "")
    :gsub(" %(record %d+, ", " ("):gsub('"position":%d+,', ""))
end

local function open(case, workers, lift)
  local limits = ffi.new("weir_run_limits", random(30), random(20, 2000), random(0, 400))
  local clock, now = driver.clock()
  local opened, err = runner_of.open({
    text = case.script,
    path = "random.lua",
    options = { limits = limits, clock = clock, block_size = case.block_size,
      workers = workers, lift = lift },
  })
  assert(opened, err and err.message)
  assert(opened:start(false))
  return opened, now
end

local function read_outputs(opened)
  local rows = {}
  for _, task in ipairs(opened.plan.tasks) do
    if task.kind == "sink" and not task.node.default_dead then
      rows[task.name] = driver.rows(opened.flow, task.number)
    end
  end
  table.sort(rows.dead, function(a, b)
    return essence(a) < essence(b)
  end)
  return rows
end

-- Looks at another stage of a segment now and then, or no more; and asks for numbers.
local function onlooker(opened)
  local places = {}
  for _, task in ipairs(opened.plan.tasks) do
    for i = 1, #(task.stages or {}) - 1 do
      places[#places + 1] = { task = task.number, stage = i - 1 }
    end
  end
  return function()
    if #places > 0 and random(4) == 1 then
      local place = places[random(#places)]
      C.weir_flow_look(opened.flow, place.task, place.stage, random(0, 1))
      C.weir_flow_measure(opened.flow, random(0, 1))
    end
  end
end

-- All workers in the state of the spec, or each in one of its own as in the product.
local function drive(opened, now, workers, own_state, watch)
  local setup, runners, ends = opened:setup(), {}, {}
  for number = 1, workers do
    if own_state then
      local options, message = ffi.new("weir_worker_options"), ffi.new("char[1024]")
      local out = ffi.new("weir_worker *[1]")
      options.setup, options.number = setup, number
      local code = C.weir_worker_new(out, opened.flow, options, message, 1024)
      assert(code == 0, ffi.string(message))
      runners[number] = C.weir_worker_runner(out[0])
      ends[number] = function()
        C.weir_worker_free(out[0])
      end
    else
      local runner = driver.runner(worker.prepare(opened.flow, setup, number))
      runners[number] = runner.c
      ends[number] = function()
        runner:free()
      end
    end
  end
  driver.run(opened.flow, runners, now, watch)
  for _, finish in ipairs(ends) do
    finish()
  end
end

local function play(case, workers, lift, own_state, looks)
  local opened, now = open(case, workers, lift)
  drive(opened, now, workers, own_state, looks and onlooker(opened))
  local result = opened:result()
  local outputs = read_outputs(opened)
  opened:close()
  return outputs, result, opened.graph
end

local function stage_counts(letters)
  local counts = {}
  for _, letter in ipairs(letters) do
    local stage = json_model.decode(letter).stage
    counts[stage] = (counts[stage] or 0) + 1
  end
  return counts
end

-- A stream that has enough may leave records behind it unread, and so their failures.
local function check_dead(case, letters, model_dead)
  local counts = stage_counts(letters)
  for _, file in pairs(case.files) do
    model_dead[file.name] = file.faults
  end
  for stage, count in pairs(counts) do
    assert(model_dead[stage], "dead letters of " .. stage)
    assert(count <= model_dead[stage], "more dead letters of " .. stage)
  end
  if not case.script:find(":take(", 1, true) then
    for stage, count in pairs(model_dead) do
      assert.equal(count, counts[stage] or 0, "dead letters of " .. stage)
    end
  end
end

local function check_rows(name, texts, parts)
  local want, got = canonical_rows(parts), {}
  for i, text in ipairs(texts) do
    got[i] = canonical(json_model.decode(text))
  end
  for i = 1, math.max(#want, #got) do
    if want[i] ~= got[i] then
      error(("%s, row %d of %d:\n  want %s\n  got  %s"):format(name, i, #want, tostring(want[i]),
        tostring(got[i])), 0)
    end
  end
end

local function check_bytes(name, rows, again)
  for i = 1, math.max(#rows, #again) do
    if rows[i] ~= again[i] then
      error(("%s, row %d, by one worker and again:\n  %s\n  %s"):format(name, i,
        tostring(rows[i]), tostring(again[i])), 0)
    end
  end
end

local function check_result(result)
  assert(result.ledger.balanced, "the ledger does not balance")
end

-- What became of the records, stage by stage, is the same however they were done.
local function check_counts(result, again)
  for i, stage in ipairs(result.ledger.stages) do
    assert.same(stage, again.ledger.stages[i])
  end
end

local function new_case(number)
  local case = { files = {}, block_size = random(3) == 1 and 0 or random(50, 3000) }
  local sources = {}
  for i = 1, random(3) > 1 and 1 or random(2, 3) do
    local file = write_file(("%s/in%d.jsonl"):format(directory, i))
    file.name = "in" .. i
    case.files[file.path] = file
    sources[i] = ("weir.file{ path = %q, name = %q }"):format(file.path, file.name)
  end
  case.script = random_pipeline.script(sources)
  case.own_state, case.workers = number % 40 == 0, random(1, 4)
  case.lift, case.looks = random(2) == 1, random(3) > 1
  return case
end

local function check_case(case)
  local outputs, result, graph = play(case, 1, case.lift, false)
  local ok, sinks, model_dead = expected(graph, case)
  check_result(result)
  local again, result_again = play(case, case.workers, not case.lift, case.own_state, case.looks)
  check_result(result_again)
  if not ok then
    -- A stage with on_error = "stop" met an error, unless a take ended the run before.
    assert(case.script:find('"stop"', 1, true), tostring(sinks))
    assert(not result.ok or case.script:find(":take(", 1, true), "the run did not stop")
    return
  end
  assert(result.ok and result_again.ok, tostring(result.message))
  for name, parts in pairs(sinks) do
    if name ~= "dead" then
      check_rows(name, outputs[name], parts)
      check_bytes(name, outputs[name], again[name])
    end
  end
  check_dead(case, outputs.dead, model_dead)
  check_dead(case, again.dead, model_dead)
  if not case.script:find(":take(", 1, true) then
    check_counts(result, result_again)
    for i, letter in ipairs(outputs.dead) do
      assert.equal(essence(letter), essence(again.dead[i]))
    end
  end
end

describe("pipelines of random operators", function()
  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    directory = pipe:read("*l")
    pipe:close()
  end)

  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  it(("give what the slow models give, in any order of steps (seed %d)"):format(seed), function()
    for number = FIRST, PIPELINES do
      math.randomseed(seed * 10000 + number)
      local case = new_case(number)
      local ok, problem = pcall(check_case, case)
      if not ok then
        error(("SEED=%d, pipeline %d:\n%s\n%s"):format(seed, number, case.script,
          type(problem) == "table" and tostring(problem.message) or tostring(problem)))
      end
      -- Loading a script puts the collector off until twice as much is held as now,
      -- which is right once, but not two thousand times.
      if number % 20 == 0 then
        collectgarbage()
      end
    end
  end)
end)
