local ffi = require("ffi")
local sinks = require("spec.support.sink")
local support = require("spec.engine.io.support")

local C = support.C

local SIGPIPE = 13

local write, finish, with_file_limit = sinks.write, sinks.finish, sinks.with_file_limit

local function new_sink(path, options)
  options = options or {}
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_file_sink_new(out, ffi.new("weir_file_sink_options", {
    path = path,
    encoder = support.encoder(options.headed),
    standard = options.standard or 0,
    append = options.append and 1 or 0,
    bounded = options.bounded == false and 0 or 1,
    lazy = options.lazy and 1 or 0,
    max_open = options.max_open or 0,
  })) == 0)
  return out[0]
end

local function numbered(count, size)
  local lines = {}
  for i = 1, count do
    lines[i] = ('{"n":%d,"x":"%s"}'):format(i, ("x"):rep(size or 0))
  end
  return lines
end

describe("file sink", function()
  after_each(support.clean)

  it("leaves the old file until a finish that did not fail", function()
    support.write("out", "old\n")
    local sink = new_sink(support.path("out"))
    assert.same({ 0, 2 }, { write(sink, { '{"n":1}', '{"n":2}' }), 2 })
    assert.equal("old\n", support.read("out"))
    assert.equal(0, (finish(sink)))
    assert.equal('{"n":1}\n{"n":2}\n', support.read("out"))
    assert.equal("out\n", support.list())
  end)

  it("keeps the old file and no temporary when the run failed", function()
    support.write("out", "old\n")
    local sink = new_sink(support.path("out"))
    write(sink, { "{}" })
    assert.truthy(support.list():find("^%.out%.%d+%.tmp"))
    finish(sink, true)
    assert.equal("old\n", support.read("out"))
    assert.equal("out\n", support.list())
  end)

  it("writes an empty file, with its header, when no record comes", function()
    finish(new_sink(support.path("out"), { headed = true }))
    assert.equal("header\n", support.read("out"))
  end)

  it("lazy: makes no file before its first row", function()
    finish(new_sink(support.path("out"), { lazy = true, append = true }))
    assert.equal("", support.list())
    local sink = new_sink(support.path("out"), { lazy = true, append = true })
    write(sink, { "{}" })
    finish(sink)
    assert.equal("{}\n", support.read("out"))
  end)

  it("says what may block: the end of a file, all of a pipe and of packing", function()
    local function blocking(path, options)
      local sink = new_sink(path, options)
      write(sink, { "{}" })
      local flags = sink.blocking
      C.weir_sink_free(sink)
      return flags
    end
    local finish_blocks, all = C.WEIR_SINK_FINISH_BLOCKS,
      C.WEIR_SINK_FINISH_BLOCKS + C.WEIR_SINK_WRITE_BLOCKS
    assert.equal(finish_blocks, blocking(support.path("out")))
    assert.equal(0, blocking("/dev/null"))
    assert.equal(all, blocking(support.path("out.gz")))
    assert.equal(all, blocking(support.path("{n}.jsonl")))
    local lazy = new_sink(support.path("lazy"), { lazy = true })
    assert.equal(0, lazy.blocking)
    C.weir_sink_free(lazy)
    assert(os.execute("mkfifo " .. support.path("pipe")))
    local pipe = new_sink(support.path("pipe"))
    assert.equal(all, pipe.blocking)
    C.weir_sink_free(pipe)
  end)

  it("keeps the mode of the file it replaces, and follows a link to it", function()
    support.write("real", "old\n")
    support.run(("chmod 640 %s; ln -s real %s"):format(support.path("real"), support.path("out")))
    local sink = new_sink(support.path("out"))
    write(sink, { "{}" })
    finish(sink)
    assert.equal("{}\n", support.read("real"))
    assert.equal("640 regular file\n", support.run("stat -c '%a %F' " .. support.path("real")))
  end)

  it("appends in place, on a line of its own, without a second header", function()
    support.write("out", "header\nold")
    local sink = new_sink(support.path("out"), { append = true, headed = true })
    write(sink, { "{}" })
    assert.equal("header\nold\n{}\n", support.read("out"))
    finish(sink)
    assert.equal("header\nold\n{}\n", support.read("out"))
  end)

  it("refuses rows that the encoder cannot write, and writes the others", function()
    local sink = new_sink(support.path("out"), { headed = true })
    local code, written, reasons = write(sink, { '{"n":1}', '{"n":"refuse me"}', '{"n":3}' })
    assert.same({ 0, 3, { [1] = "told to refuse" } }, { code, written, reasons })
    finish(sink)
    assert.equal('header\n{"n":1}\n{"n":3}\n', support.read("out"))
  end)

  for suffix, tool in pairs({ gz = "gzip", zst = "zstd" }) do
    it("packs ." .. suffix .. ", and appends members that read as one", function()
      local path = support.path("out." .. suffix)
      for round = 1, 2 do
        local sink = new_sink(path, { append = round == 2 })
        assert.equal(0, (write(sink, { ('{"round":%d}'):format(round) })))
        assert.equal(0, (finish(sink)))
      end
      assert.equal('{"round":1}\n{"round":2}\n', support.run(tool .. " -dqc " .. path))
      finish(new_sink(path))
      assert.equal("", support.run(tool .. " -dqc " .. path))
      assert.is_true(#support.read("out." .. suffix) > 0)
    end)

    it("leaves a readable ." .. suffix .. " when an append fails", function()
      local path = support.path("out." .. suffix)
      local sink = new_sink(path)
      write(sink, { '{"n":1}' })
      finish(sink)
      sink = new_sink(path, { append = true })
      with_file_limit(#support.read("out." .. suffix) + 5, function()
        write(sink, numbered(1000, 10))
        assert.equal(-27, (finish(sink)))
      end)
      assert.equal('{"n":1}\n', support.run(tool .. " -dqc " .. path .. " 2>&1"))
    end)
  end

  for _, headed in ipairs({ false, true }) do
    local how = headed and " row by row" or " whole batches"
    it("is cut back to the last whole record where it is given up, writing" .. how, function()
      support.write("out", "{}\n")
      local sink = new_sink(support.path("out"), { append = true, headed = headed })
      local lines = numbered(100, 20)
      local code, written
      with_file_limit(1000, function()
        code, written = write(sink, lines)
      end)
      assert.equal(-27, code)
      local _, message = finish(sink, true)
      local text = support.read("out")
      assert.equal("{}\n" .. table.concat(lines, "\n", 1, written) .. "\n", text)
      assert.is_true(#text > 1000 - #lines[100] - 1)
      local words = support.path("out") .. ": cannot be written: File too large"
      assert.truthy(message:find(words, 1, true))
    end)
  end

  it("says so when a device is full", function()
    local sink = new_sink("/dev/full")
    local code, written = write(sink, { "{}" })
    assert.same({ -28, 0 }, { code, written })
    assert.equal(-28, (write(sink, { "{}" })))
    local finished, message = finish(sink)
    assert.equal(-28, finished)
    assert.equal("/dev/full: cannot be written: No space left on device; "
      .. "make room or write elsewhere", message)
  end)

  it("reports a broken pipe by its own code", function()
    local fds = ffi.new("int[2]")
    local stdout = C.dup(1)
    C.pipe2(fds, 0)
    C.dup2(fds[1], 1)
    C.close(fds[0])
    C.close(fds[1])
    local sink = new_sink(nil, { standard = 1 })
    local code
    sinks.ignoring(SIGPIPE, function()
      code = write(sink, { "{}" })
    end)
    C.dup2(stdout, 1)
    C.close(stdout)
    finish(sink, true)
    assert.equal(-32, code)
  end)

  it("says what is wrong with a path before anything is written", function()
    local function message(path, options)
      local sink = new_sink(path, options)
      local early = ffi.string(sink.message)
      local code = write(sink, { "{}" })
      assert.is_true(code < 0)
      local _, late = finish(sink)
      assert.equal(early, late)
      return early
    end
    assert.truthy(message(support.path("none/out")):find("create its directory first", 1, true))
    assert.truthy(message(support.path()):find("name a file in it", 1, true))
    assert.equal('path "a{b": "{" at byte 2 is not closed; write {{ for the character itself',
      message("a{b"))
    assert.equal('path "a%Q": "%Q" at byte 2 is no part of a time; write %% for a percent sign',
      message("a%Q"))
  end)

  it("does not share a file with another sink of this run", function()
    local first = new_sink(support.path("out"))
    local second = new_sink(support.path("out"))
    assert.truthy(ffi.string(second.message):find("another sink is writing this file", 1, true))
    C.weir_sink_free(second)
    write(first, { "{}" })
    assert.equal(0, (finish(first)))
    assert.equal("{}\n", support.read("out"))
  end)

  describe("with a template", function()
    it("names files by fields and time, and stays below its directory", function()
      local sink = new_sink(support.path("{t}/%Y-%m-%d{{}}.jsonl"))
      local code, written, reasons = write(sink, {
        '{"t":"a"}', '{"t":"../../etc"}', '{"t":""}', '{"t":7.50}', '{"t":null}', "{}",
        '{"t":[1]}', '{"t":"a\\u0000b"}', '{"t":"a_b"}', '{"t":"a/b"}', '{"t":"a%2Fb"}',
      })
      assert.same({ 0, 11 }, { code, written })
      assert.same({
        [2] = 'the path needs field "t", which is empty',
        [4] = 'the path needs field "t", which is null',
        [5] = 'the path needs field "t", which is missing',
        [6] = 'the path needs field "t", which is neither a text nor a number',
      }, reasons)
      assert.equal(0, (finish(sink)))
      local texts = {
        a = '"a"', ["%2E.%2F..%2Fetc"] = '"../../etc"', ["7.50"] = "7.50",
        ["a%00b"] = [["a\u0000b"]], a_b = '"a_b"', ["a%2Fb"] = '"a/b"',
        ["a%252Fb"] = '"a%2Fb"',
      }
      for name, text in pairs(texts) do
        assert.equal('{"t":' .. text .. "}\n", support.read(name .. "/2023-11-14{}.jsonl"))
      end
    end)

    for _, bounded in ipairs({ true, false }) do
      it("keeps few files open and loses nothing, bounded " .. tostring(bounded), function()
        local seed = tonumber(os.getenv("SEED")) or os.time()
        math.randomseed(seed)
        local sink = new_sink(support.path("f{k}.gz"), { max_open = 3, bounded = bounded })
        local model = {}
        for _ = 1, 20 do
          local lines = {}
          for i = 1, math.random(1, 20) do
            local k = math.random(1, 9)
            lines[i] = ('{"k":%d,"i":%d}'):format(k, math.random(1e6))
            model[k] = (model[k] or "") .. lines[i] .. "\n"
          end
          assert.equal(0, (write(sink, lines)))
        end
        assert.equal(0, (finish(sink)))
        for k, text in pairs(model) do
          assert.equal(text, support.run("gzip -dqc " .. support.path("f" .. k .. ".gz")),
            "seed " .. seed)
        end
      end)
    end
  end)
end)
