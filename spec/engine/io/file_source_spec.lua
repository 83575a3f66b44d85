local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = support.C
local S = engine.load("engine/base/clock.h", "engine/sched/flow.h", "engine/sched/run.h")

local function texts_of(paths, options)
  local all = support.drain(support.source(paths, options))
  assert.equal(C.WEIR_EEND, all.code, all.message)
  return support.texts(all.rows), all
end

describe("file source", function()
  after_each(support.clean)

  it("reads records with where they stood, the last without newline too", function()
    local path = support.write("a.jsonl", '{"n":1}\n\n{"n":2}\nbad\n{"n":3}')
    local all = support.drain(support.source({ path }))
    assert.same({ '{"n":1}', '{"n":2}', '{"n":3}' }, support.texts(all.rows))
    local places = {}
    for i, row in ipairs(all.rows) do
      places[i] = { row.position, row.number }
    end
    assert.same({ { 0, 1 }, { 9, 2 }, { 21, 4 } }, places)
    assert.equal("bad", all.faults[1].text)
    assert.equal(3, all.faults[1].number)
    assert.equal(17, all.faults[1].position)
  end)

  it("has no records in an empty file", function()
    local _, all = texts_of({ support.write("empty", "") })
    assert.equal(0, all.batches)
  end)

  for _, tool in ipairs({ "gzip", "zstd" }) do
    it("reads " .. tool .. " by content, several members too", function()
      local a = support.write("a", '{"n":1}\n{"n":')
      local b = support.write("b", '2}\n')
      support.run(("(%s -qc %s; %s -qc %s) > %s"):format(tool, a, tool, b, support.path("c.txt")))
      assert.same({ '{"n":1}', '{"n":2}' }, (texts_of({ support.path("c.txt") })))
    end)

    it("delivers every whole record of truncated " .. tool .. ", then says so", function()
      local lines = {}
      for i = 1, 20000 do
        lines[i] = ('{"n":%d,"x":%d}'):format(i, i * 7919 % 1009)
      end
      local path = support.write("long", table.concat(lines, "\n") .. "\n")
      local packed = support.run(tool .. " -qc " .. path)
      local cut = support.write("cut", packed:sub(1, math.floor(#packed * 0.9)))
      local all = support.drain(support.source({ cut }))
      assert.equal(C.WEIR_ETRUNCATED, all.code)
      assert.truthy(all.message:find(cut, 1, true))
      -- The library may hold back the block that was cut, never more.
      assert.is_true(#all.rows >= (tool == "gzip" and 10000 or 0))
      assert.equal(0, #all.faults)
      for i, row in ipairs(all.rows) do
        assert.equal(lines[i], row.text)
      end
    end)
  end

  it("unpacks beside the workers, ahead of what they compute", function()
    local path = support.write("long", ('{"n":1,"text":"%s"}\n'):format(("x"):rep(90)):rep(20000))
    support.run(("gzip -c %s > %s"):format(path, support.path("long.gz")))
    local flow = S.weir_flow_new(S.weir_clock_real())
    local from = S.weir_flow_add_source(flow, "in", support.source({ support.path("long.gz") }))
    local segment = S.weir_flow_add_segment(flow, "all", 1, 1)
    S.weir_flow_connect(flow, from, 0, segment, 0)
    local ahead, ready = 0, ffi.new("uint32_t[1]")
    -- What a thread of the pool finds to do while the segment is at work.
    local runner = driver.runner(function(_, run)
      if run.finishing ~= 0 then
        return S.WEIR_RUN_DONE
      elseif S.weir_flow_ready(flow, S.WEIR_HOME_POOL, 0, ready, 1) == 1 then
        assert.equal(from, ready[0])
        assert.equal(1, S.weir_flow_claim(flow, S.WEIR_HOME_ANY, from, 0))
        S.weir_flow_run(flow, from, 0, nil)
        ahead = ahead + 1
      end
      run.row = run.row_end
      return run.row < run.batch.row_count and S.WEIR_RUN_MORE or S.WEIR_RUN_DONE
    end)
    driver.run(flow, runner.c)
    runner:free()
    assert.equal(20000, tonumber(S.weir_flow_task_count(flow, segment).received))
    S.weir_flow_free(flow)
    assert.truthy(ahead > 1, ahead)
  end)

  it("says which compressed file is damaged", function()
    local path = support.write("a.gz", "\31\139\8\0\0\0\0\0\0\3 this is no deflate")
    local all = support.drain(support.source({ path }))
    assert.equal(C.WEIR_ECORRUPT, all.code)
    assert.truthy(all.message:find("a.gz: the gzip data is damaged", 1, true))
  end)

  it("makes a record longer than max_record one fault and goes on", function()
    local path = support.write("a", '{"a":1}\n{"a":"' .. ("x"):rep(9000) .. '"}\n{"a":2}\n')
    local all = support.drain(support.source({ path }, { max_record = 8192, block_size = 100 }))
    assert.same({ '{"a":1}', '{"a":2}' }, support.texts(all.rows))
    assert.equal(C.WEIR_ERECORD, all.faults[1].code)
    assert.equal(C.WEIR_FAULT_KEEP, #all.faults[1].text)
    assert.same({ 8, 2 }, { all.faults[1].position, all.faults[1].number })
    assert.same({ 9017, 3 }, { all.rows[2].position, all.rows[2].number })
  end)

  it("passes over an over-long row of CSV, newlines in its quotes included", function()
    for block_size = 1, 30 do
      local path = support.write("a", 'a,b\n1,2\n3,"' .. ("\nx"):rep(40) .. '"\n4,5\n')
      local decoder = ffi.new("weir_decoder *[1]")
      local options = ffi.new("weir_csv_options", { header = 1 })
      assert.equal(0, C.weir_csv_decoder_new(decoder, options))
      local all = support.drain(support.source({ path },
        { max_record = 40, block_size = block_size, decoder = decoder[0] }))
      local fault = all.faults[1]
      assert.same({ 8, C.WEIR_ERECORD, 1 }, { fault.position, fault.code, #all.faults })
      assert.same({ 2, 3 }, { #all.rows, all.rows[2].number })
    end
  end)

  it("passes over a line of 100 MiB in flat memory", function()
    local path = support.path("long")
    support.run(([[(printf '{"a":"'; head -c 100M /dev/zero | tr '\0' x; printf '"}\n{}\n') > %s]])
      :format(path))
    -- The peak is that of the process, which other specs may have raised already.
    local limit = math.max(tonumber(C.weir_mem_peak()),
      tonumber(C.weir_mem_used()) + 80 * 2 ^ 20)
    local source = support.source({ path })
    local all = support.drain(source)
    assert.same({ "{}" }, support.texts(all.rows))
    assert.equal(1, #all.faults)
    assert.equal(2, all.rows[1].number)
    assert.is_true(tonumber(C.weir_mem_peak()) <= limit)
  end)

  it("reads a thousand files of a glob, in the order of their names", function()
    for i = 1000, 1999 do
      support.write(("f%d.jsonl"):format(i), ('{"n":%d}\n'):format(i))
    end
    local texts, all = texts_of({ support.path("f*.jsonl") })
    assert.equal(1000, #texts)
    for i, text in ipairs(texts) do
      assert.equal(('{"n":%d}'):format(999 + i), text)
      local row = all.rows[i]
      assert.same({ i - 1, 1, 0 }, { row.partition, row.number, row.position })
    end
  end)

  it("reads a directory's files, not its hidden ones nor its directories", function()
    support.run("mkdir -p " .. support.path("d/sub"))
    support.write("d/b", "{}\n")
    support.write("d/a", '{"a":1}\n')
    support.write("d/.hidden", "{}\n{}\n")
    local source = support.source({ support.path("d") })
    assert.equal(support.path("d/a"), ffi.string(source.ops.origin(source, 0)))
    assert.equal(11, tonumber(source.bytes_total))
    assert.same({ '{"a":1}', "{}" }, support.texts(support.drain(source).rows))
  end)

  describe("says what is wrong and what to do", function()
    local function refused(path, code, words)
      local source = support.source({ path })
      local early = ffi.string(source.message)
      local all = support.drain(source)
      assert.equal(code, all.code)
      assert.equal(early ~= "" and early or all.message, all.message)
      assert.truthy(all.message:find(path, 1, true), all.message)
      assert.truthy(all.message:find(words, 1, true), all.message)
      assert.equal(0, #all.rows)
    end

    it("for a file that is missing", function()
      refused(support.path("none"), -2, "check the name")
    end)
    it("for a glob that matches nothing", function()
      refused(support.path("*.none"), -2, "no file matches")
    end)
    it("for a link that leads nowhere", function()
      support.run("ln -s nowhere " .. support.path("link"))
      refused(support.path("link"), -2, "is a link")
    end)
    it("for a directory without files", function()
      refused(support.path(), -2, "holds no files")
    end)
    it("for a directory that a glob matches", function()
      support.run("mkdir " .. support.path("sub"))
      refused(support.path("s*"), -21, "is a directory")
    end)
    it("for a file that vanishes before its turn", function()
      local first = support.write("a", "{}\n")
      local second = support.write("b", "{}\n")
      local source = support.source({ first, second })
      os.remove(second)
      local all = support.drain(source)
      assert.equal(-2, all.code)
      assert.equal(1, #all.rows)
      assert.truthy(all.message:find("it was there when the run began", 1, true))
    end)
  end)

  describe("on a pipe", function()
    local fds = ffi.new("int[2]")
    local stdin

    before_each(function()
      stdin = C.dup(0)
      C.pipe2(fds, 0)
      C.dup2(fds[0], 0)
      C.close(fds[0])
    end)
    after_each(function()
      C.dup2(stdin, 0)
      C.close(stdin)
    end)

    local function send(text)
      assert.equal(#text, tonumber(C.write(fds[1], text, #text)))
    end

    it("hands on what is there, and the piece of a record when the rest comes", function()
      local pool = C.weir_pool_new(2)
      local source = support.source({ "-" })
      assert.equal(1, source.blocking)
      send('{"n":1}\n{"n":2}\n{"n"')
      local first = support.next(source, pool)
      assert.same({ '{"n":1}', '{"n":2}' }, support.texts(first.rows))
      assert.is_true(first.line_rows)
      send(":3}\n")
      local third = support.next(source, pool).rows[1]
      assert.same({ text = '{"n":3}', position = 16, number = 3 }, third)
      C.close(fds[1])
      assert.equal(C.WEIR_EEND, select(2, support.next(source, pool)))
      C.weir_source_free(source)
      C.weir_pool_free(pool)
    end)

    it("stops waiting when cancelled", function()
      local pool = C.weir_pool_new(2)
      local source = support.source({ "-" })
      source.ops.cancel(source)
      assert.equal(C.WEIR_ESTOPPED, select(2, support.next(source, pool)))
      C.close(fds[1])
      C.weir_source_free(source)
      C.weir_pool_free(pool)
    end)
  end)

  it("cuts records alike wherever blocks fall", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    for round = 1, 60 do
      local max_record = math.random(8, 60)
      local lines, rows, faults, position, number = {}, {}, {}, 0, 0
      for i = 1, math.random(0, 40) do
        local size = math.random() < 0.2 and math.random(0, 120) or math.random(0, 20)
        local line = math.random() < 0.1 and "" or ('{"a":"%s"}'):format(("x"):rep(size))
        lines[i] = line
        if #line > 0 then
          number = number + 1
          local long = #line > max_record
          table.insert(long and faults or rows,
            { text = line, position = position, number = number, partition = 0 })
        end
        position = position + #line + 1
      end
      local text = table.concat(lines, "\n") .. (math.random() < 0.5 and "\n" or "")
      local path = support.write("r", text)
      if math.random() < 0.3 then
        path = support.path("r.gz")
        support.run(("gzip -qc %s > %s"):format(support.path("r"), path))
      end
      local all = support.drain(support.source({ path },
        { max_record = max_record, block_size = math.random(1, 90) }))
      local where = ("seed %d, round %d"):format(seed, round)
      assert.equal(C.WEIR_EEND, all.code, where)
      assert.same(rows, all.rows, where)
      assert.equal(#faults, #all.faults, where)
      for i, fault in ipairs(all.faults) do
        assert.equal(C.WEIR_ERECORD, fault.code, where)
        assert.equal(faults[i].position, fault.position, where)
        assert.equal(faults[i].number, fault.number, where)
        assert.equal(faults[i].text:sub(1, #fault.text), fault.text, where)
      end
    end
  end)
end)
