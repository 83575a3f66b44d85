--- What is remembered as delivered, and when. The peers are of this process, so that
-- they read when they are told to.

local ffi = require("ffi")
local program = require("spec.support.program")
local sockets = require("spec.support.sockets")

local place = program.each_place()

local function script(text)
  place:write("run.lua", 'local weir = require "weir"\n' .. text)
end

local SHELL = [[
  noted() { [ ! -e state/run/tail.positions.latest ] ||
    sed -n 2p state/run/tail.positions.latest | cut -d' ' -f1; }
  begin() { "$WEIR" run -q --state-dir state run.lua >>log 2>&1 & pid=$!; echo $pid >pid; }
]]

local function shell(line)
  local result = place:run(SHELL .. line)
  assert.equal(0, result.code, result.err)
  return result.out
end

-- Waits until positions have been noted up to there.
local function until_noted(from, to)
  return tonumber(shell(([[
    until n=$(noted) && [ "${n:-0}" -ge %d ] && [ "${n:-0}" -le %d ]; do sleep 0.01; done
    echo $n]]):format(from, to)))
end

-- And waits until none of its threads holds a lock any more.
local function kill()
  shell([[
    kill -9 $(cat pid) 2>/dev/null || true
    while grep -qs "^State:.[^ZX]" /proc/$(cat pid)/task/*/status; do sleep 0.01; done]])
end

describe("a position", function()
  after_each(function()
    kill()
    sockets.clean()
  end)

  it("is noted when a peer has read what was sent, though nothing more comes", function()
    script('weir.from(weir.tail{ name = "tail", path = "a.jsonl" })'
      .. ':to(weir.unix{ path = "s", connect = true })')
    local server = sockets.listen_path(place.path .. "/s")
    place:write("a.jsonl", '{"n":1}\n{"n":2}\n')
    shell("begin")
    local peer = server:accept()
    -- The file has been seen, and nothing of it was read yet.
    until_noted(0, 0)
    local got = ""
    while #got < 16 do
      got = got .. peer:read()
    end
    assert.equal(16, until_noted(16, 16))
  end)

  it("is not noted of what a peer has not read, which comes again", function()
    script('weir.from(weir.tail{ name = "tail", path = "a.jsonl" })'
      .. ':to(weir.unix{ path = "s", connect = true })')
    local server = sockets.listen_path(place.path .. "/s")
    place:write("a.jsonl", '{"n":1}\n{"n":2}\n')
    shell("begin")
    local first = server:accept()
    local unread = ffi.new("int[1]")
    repeat -- until it is all there
      ffi.C.ioctl(first.fd, 0x541B, unread)
    until unread[0] == 16
    kill()
    first:close()
    shell("begin")
    assert.equal('{"n":1}\n{"n":2}\n', server:accept():read(16))
  end)

  it("is noted while there is no room for more", function()
    local lines = {}
    for i = 1, 200000 do
      lines[i] = ('{"n":%d,"text":"%s"}\n'):format(i, ("x"):rep(60))
    end
    local text = table.concat(lines)
    place:write("a.jsonl", text)
    script('weir.from(weir.tail{ name = "tail", path = "a.jsonl" }):filter "n > 0"'
      .. ':to(weir.unix{ path = "s", connect = true })')
    local server = sockets.listen_path(place.path .. "/s")
    shell("begin")
    local peer, size, part = server:accept(), 0, math.floor(#text / 2)
    while size < part do
      size = size + #peer:read(part - size)
    end
    -- From here on nobody reads. Of what was read no more comes again than the kernel and
    -- a few batches hold.
    assert.is_true(until_noted(part - 4 * 256 * 1024, part) <= part)
  end)
end)
