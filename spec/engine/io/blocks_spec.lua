local ffi = require("ffi")
local support = require("spec.engine.io.support")

require("spec.support.engine").load("engine/codec/lines.h", "engine/codec/logfmt.h")

local C = support.C
local random = math.random
local seed = tonumber(os.getenv("SEED")) or os.time()

local DECODERS = {
  function() return C.weir_json_decoder_new(0) end,
  function() return C.weir_json_decoder_new(1) end,
  function() return C.weir_lines_decoder_new("line") end,
  function() return C.weir_logfmt_decoder_new() end,
}

local LINES = {
  '{"a":1}', '{"b":"two"}', "", "bad", "  ", "[1]", '{"a":"' .. ("x"):rep(300) .. '"}',
  '{"c":"\255"}', "\239\187\191", 'k=v x="y z"', "\31\139", '{"a":1}\r', "]", '{"n":[1,{"m":2}]}',
}

local function random_text(least)
  local lines = {}
  for i = 1, random(least, 80) do
    lines[i] = LINES[random(#LINES)]
  end
  local head = random(6) == 1 and "\239\187\191" or random(8) == 1 and "[" or ""
  return head .. table.concat(lines, "\n") .. (random(2) == 1 and "\n" or "")
end

-- A max_record that small is reason enough to read a file in order.
local function in_order(paths, decoder, block_size)
  return support.source(paths,
    { decoder = decoder(), block_size = block_size, max_record = 1000000 })
end

local function shown(all)
  return { all.rows, all.faults, all.code }
end

-- Reads as several lanes do: takes in order, fills in any, some of it before others.
local function by_lanes(source, count)
  assert(source.ops.split(source, count) == 1)
  local pool = C.weir_pool_new(2)
  local lanes, tickets, ended, serial = {}, {}, false, false
  while not ended or next(lanes) do
    local lane = random(0, count - 1)
    local work = lanes[lane]
    if not work and not ended and not serial then
      local block = ffi.new("weir_block")
      local code = source.ops.take(source, block)
      ended = code ~= 0
      if not ended then
        serial = block.serial ~= 0
        tickets[#tickets + 1] = {}
        lanes[lane] = { block = block, texts = tickets[#tickets] }
      end
    elseif work then
      local batch = C.weir_batch_new(pool)
      assert(source.ops.fill(source, lane, work.block, batch) == 0)
      for i = 0, batch.row_count - 1 do
        local span = batch.rows[i]
        table.insert(work.texts,
          ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start))
      end
      C.weir_batch_unref(batch)
      if work.block.done ~= 0 then
        serial = serial and work.block.serial == 0
        lanes[lane] = nil
      end
    end
  end
  C.weir_source_free(source)
  C.weir_pool_free(pool)
  local all = {}
  for _, texts in ipairs(tickets) do
    for _, text in ipairs(texts) do
      all[#all + 1] = text
    end
  end
  return all
end

describe("blocks of a file", function()
  after_each(support.clean)

  it(("give the records that reading in order gives (seed %d)"):format(seed), function()
    for round = 1, 150 do
      math.randomseed(seed * 1000 + round)
      local paths = {}
      for i = 1, random(3) do
        paths[i] = support.write("f" .. i, random_text(0))
        if random(6) == 1 then
          support.run(("gzip -qc %s > %s.gz"):format(paths[i], paths[i]))
          paths[i] = paths[i] .. ".gz"
        end
      end
      local decoder, block_size = DECODERS[random(#DECODERS)], random(1, 400)
      local expected = support.drain(in_order(paths, decoder, block_size))
      local options = { decoder = decoder(), block_size = block_size }
      local all = support.drain(support.source(paths, options))
      local where = ("seed %d, round %d"):format(seed, round)
      assert.same(shown(expected), shown(all), where)
      options.decoder = decoder()
      assert.same(support.texts(all.rows), by_lanes(support.source(paths, options), random(1, 4)),
        where)
    end
  end)

  it("are cut at the same places whoever reads them", function()
    local path = support.write("a", ('{"n":1}\n'):rep(1000))
    local source = support.source({ path }, { block_size = 100 })
    local block, starts = ffi.new("weir_block"), {}
    while source.ops.take(source, block) == 0 do
      starts[#starts + 1] = { tonumber(block.start), tonumber(block["end"]) }
      local pool = C.weir_pool_new(1)
      local batch = C.weir_batch_new(pool)
      assert(source.ops.fill(source, 0, block, batch) == 0)
      C.weir_batch_unref(batch)
      C.weir_pool_free(pool)
    end
    C.weir_source_free(source)
    assert.equal(80, #starts)
    assert.same({ { 0, 104 }, { 104, 200 }, { 200, 304 } }, { starts[1], starts[2], starts[3] })
    assert.equal(8000, starts[80][2])
  end)

  it("end where a line is very long, and the rest is read in order", function()
    local lines = {}
    for i = 1, 300 do
      lines[i] = ('{"n":%d}'):format(i)
    end
    lines[100] = '{"long":"' .. ("x"):rep(1500000) .. '"}'
    local path = support.write("a", table.concat(lines, "\n") .. "\n")
    local all = support.drain(support.source({ path }, { block_size = 200 }))
    assert.equal(300, #all.rows)
    local position = 0
    for i, row in ipairs(all.rows) do
      assert.equal(lines[i], row.text)
      assert.same({ i, position }, { row.number, row.position })
      position = position + #lines[i] + 1
    end
    assert.same(lines, by_lanes(support.source({ path }, { block_size = 200 }), 3))
  end)

  it("count the bytes of all files", function()
    local paths = { support.write("a", '{"n":1}\n'), support.write("b", '{"n":2}\n{"n":3}') }
    local source = support.source(paths, { block_size = 9 })
    local pool = C.weir_pool_new(1)
    while support.next(source, pool) do end
    assert.equal(23, tonumber(source.bytes_read))
    C.weir_source_free(source)
    C.weir_pool_free(pool)
  end)
end)
