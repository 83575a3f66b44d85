--- A file sink and a disk that is full now and then, played by a limit on the size of files:
-- it fails in the middle of a write, as a disk does, and passes.

local ffi = require("ffi")
local sinks = require("spec.support.sink")
local support = require("spec.engine.io.support")

local C = support.C

local EFBIG = -27
local seed = tonumber(os.getenv("SEED")) or os.time()

-- By the name of a file: what packs it, and how it is read.
local READ = { out = "cat", ["out.gz"] = "gzip -dqc", ["out.zst"] = "zstd -dqc" }

local function new_sink(name, headed)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_file_sink_new(out, ffi.new("weir_file_sink_options", {
    path = support.path(name), encoder = support.encoder(headed), max_open = 2,
  })) == 0)
  return out[0]
end

local number = 0

-- A text that packs badly.
local noise = {}
for i = 1, 1e6 do
  noise[i] = string.char(math.random(97, 122))
end
noise = table.concat(noise)

local function some_text()
  local first = math.random(#noise)
  return noise:sub(first, first + math.random(0, 3000))
end

-- Lines, and those of them that are not refused.
local function some_lines(headed)
  local lines, good = {}, {}
  for i = 1, math.random(1, 60) do
    number = number + 1
    local refused = headed and math.random(10) == 1
    lines[i] = ('{"n":%d,"k":%d,"x":"%s"}'):format(number, math.random(4),
      refused and "refuse me" or some_text())
    good[#good + 1] = not refused and { text = lines[i], row = i } or nil
  end
  return lines, good
end

local function content(name)
  return support.run(("%s %s 2>&1"):format(READ[name] or "cat", support.path(name)))
end

local function size_of(name)
  return #(support.read(name) or "")
end

local function text_of(good)
  local out = {}
  for i, line in ipairs(good) do
    out[i] = line.text .. "\n"
  end
  return table.concat(out)
end

describe(("a disk without room (seed %d)"):format(seed), function()
  before_each(function()
    math.randomseed(seed)
    os.execute("mkdir -p " .. support.path())
  end)
  after_each(support.clean)

  for name in pairs(READ) do
    for _, headed in ipairs({ false, true }) do
      it(("loses, doubles and tears nothing of %s, headed %s"):format(name, tostring(headed)),
        function()
          local sink, model, refusals = new_sink(name, headed), {}, 0
          sinks.with_file_limit(100, function(limit)
            for _ = 1, 30 do
              local lines, good = some_lines(headed)
              local last = 0
              local code, written, reasons = sinks.write(sink, lines, function(code, written)
                assert.equal(EFBIG, code)
                assert.is_true(written >= last and written < #lines)
                last = written
                limit(size_of(name) + math.random(0, 20000))
                return true
              end)
              assert.same({ 0, #lines }, { code, written })
              for _ in pairs(reasons) do
                refusals = refusals - 1
              end
              refusals = refusals + #lines - #good
              model[#model + 1] = text_of(good)
            end
            local ended
            repeat
              limit(size_of(name) + math.random(0, 50000))
              ended = sink.ops.finish(sink, 0)
            until ended == 0
          end)
          assert.equal(0, refusals)
          assert.is_true(C.weir_counter_value(sink.counters[0]) > 0)
          C.weir_sink_free(sink)
          assert.equal((headed and "header\n" or "") .. table.concat(model), content(name))
        end)
    end
  end

  for _, headed in ipairs({ false, true }) do
    it(("leaves whole records where it is given up, as many as it says, headed %s"):format(
      tostring(headed)), function()
      for _ = 1, 30 do
        local sink = new_sink("out", headed)
        local lines, good = some_lines(headed)
        local written
        sinks.with_file_limit(math.random(1, 30000), function(limit)
          local tries = math.random(0, 3)
          local code
          code, written = sinks.write(sink, lines, function()
            limit(size_of("out") + math.random(0, 3000))
            tries = tries - 1
            return tries > 0
          end)
          local finished = sinks.finish(sink, true)
          assert.equal(0, finished)
          assert.is_true(code == 0 or code == EFBIG)
        end)
        while #good > 0 and good[#good].row > written do
          table.remove(good)
        end
        local text = content("out")
        if text ~= "" then -- the header may not have found room
          assert.equal((headed and "header\n" or "") .. text_of(good), text)
        end
        assert.is_true(text ~= "" or #good == 0)
        support.clean()
        os.execute("mkdir -p " .. support.path())
      end
    end)
  end

  it("loses nothing of many files", function()
    local sink, model = new_sink("{k}.csv", true), {}
    sinks.with_file_limit(10, function(limit)
      local room = 10
      for _ = 1, 30 do
        local lines, good = some_lines(true)
        local code, written = sinks.write(sink, lines, function()
          room = room + math.random(0, 20000)
          limit(room)
          return true
        end)
        assert.same({ 0, #lines }, { code, written })
        for _, line in ipairs(good) do
          local k = line.text:match('"k":(%d)')
          model[k] = (model[k] or "header\n") .. line.text .. "\n"
        end
      end
    end)
    assert.equal(0, (sinks.finish(sink)))
    for k, text in pairs(model) do
      assert.equal(text, content(k .. ".csv"))
    end
  end)
end)
