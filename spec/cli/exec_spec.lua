--- Programs beside weir. Whether one is left running shows at a lock that it holds: who
-- waits for the lock waits for its end.

local program = require("spec.support.program")

local place = program.each_place()

local function script(text, ...)
  place:write("in.lua", 'local weir = require "weir"\n' .. text:format(...))
end

-- Stops in.lua when the first line of its output has come.
local function stop_after_a_line()
  return place:run([[
    mkfifo pipe; "$WEIR" run in.lua >pipe 2>log & pid=$!
    { read -r line <&3; kill -INT $pid; wait $pid; echo "code $?"; cat <&3; } 3<pipe
    cat log >&2]])
end

local ROWS = [[for i in 1 2 3; do echo "{\"n\":$i}"; done]]

describe("a program as a source", function()
  it("gives what it writes, and says what it says", function()
    place:write("rows.sh", "echo one moment >&2\n" .. ROWS)
    script([[
weir.from(weir.exec{ command = { "sh", "rows.sh" }, restart = false }):to(weir.stdout{})]])
    local result = place:run("weir run in.lua")
    assert.same({ 0, '{"n":1}\n{"n":2}\n{"n":3}\n' }, { result.code, result.out })
    assert.matches("info: sh rows.sh: one moment\n", result.err, 1, true)
    assert.matches("the ledger balances", result.err)
  end)

  it("may be a text for the shell, and any codec", function()
    script([[
weir.from(weir.exec{ command = "printf 'a,b\n1,2\n' | cat", codec = "csv", restart = false })
  :to(weir.stdout{})]])
    assert.equal('{"a":"1","b":"2"}\n', place:run("weir run -q in.lua").out)
  end)

  it("fails the run with its exit code and its last words, if it is not restarted", function()
    script([[
weir.from(weir.exec{ command = "echo '{}'; echo no such thing >&2; exit 3", restart = false })
  :to(weir.stdout{})]])
    local result = place:run("weir run in.lua")
    assert.equal(1, result.code)
    assert.equal("{}\n", result.out)
    assert.matches("exit 3: ended with exit code 3: no such thing", result.err, 1, true)
  end)

  it("is told of by the signal that ended it", function()
    script('weir.from(weir.exec{ command = "kill -9 $$", restart = false }):to(weir.stdout{})')
    assert.matches("ended with signal 9 (Killed)", place:run("weir run in.lua").err, 1, true)
  end)

  it("is started again, and its records are numbered on", function()
    script([[
weir.from(weir.exec{
  command = "echo '{\"n\":1}'; echo '{'; exit 1", retries = { backoff = "1ms" },
})
  :take(3):to(weir.stdout{})]])
    local result = place:run("weir run in.lua")
    assert.same({ 0, ('{"n":1}\n'):rep(3) }, { result.code, result.out })
    assert.matches('"position":8,.*"position":18,', place:read("in.dead.jsonl"))
  end)

  it("is given up after so many failures", function()
    script([[
weir.from(weir.exec{ command = "echo '{\"n\":1}'; exit 1", retries = { max = 2, backoff = "1ms" } })
  :to(weir.stdout{})]])
    local result = place:run("weir run in.lua")
    assert.same({ 1, ('{"n":1}\n'):rep(3) }, { result.code, result.out })
    assert.matches("3  exec:echo: commands failed", result.err)
  end)

  it("that cannot be found stops the run at once", function()
    script('weir.from(weir.exec{ command = { "no-such-program" } }):to(weir.stdout{})')
    local result = place:run("weir run in.lua")
    assert.equal(1, result.code)
    assert.matches("no-such-program: cannot be run: No such file", result.err, 1, true)
  end)

  it("that the shell cannot find stops it too", function()
    script('weir.from(weir.exec{ command = "no-such-program" }):to(weir.stdout{})')
    local result = place:run("weir run in.lua")
    assert.equal(1, result.code)
    assert.matches("no-such-program: ended with exit code 127", result.err, 1, true)
    assert.matches("1  exec:no%-such%-program: commands failed", result.err)
  end)

  it("ends with weir, and what it writes until then is taken", function()
    place:write("run.sh", [[
exec 9>lock; flock 9
trap 'echo "{\"n\":2}"; exit' TERM
sleep 1000 & echo '{"n":1}'; wait]])
    script([[
weir.from(weir.exec{ command = { "sh", "run.sh" }, stop_timeout = "5m" }):to(weir.stdout{})]])
    local result = stop_after_a_line()
    assert.equal('code 0\n{"n":2}\n', result.out)
    assert.equal(0, place:run("flock lock true").code)
  end)

  it("ends though it does not heed", function()
    place:write("run.sh", [[
exec 9>lock; flock 9
trap '' TERM; echo '{"n":1}'; while :; do read -r line <&8; done 8<>never]])
    place:run("mkfifo never")
    script([[
weir.from(weir.exec{ command = { "sh", "run.sh" }, stop_timeout = "10ms" }):to(weir.stdout{})]])
    assert.equal("code 0\n", stop_after_a_line().out)
    assert.equal(0, place:run("flock lock true").code)
  end)

  it("that nobody can stop is left alone", function()
    script([[
weir.from(weir.exec{ command = "setsid sh -c 'trap \"\" TERM; echo {}; read -r line <never'",
  stop_timeout = "10ms" }):to(weir.stdout{})]])
    place:run("mkfifo never")
    local result = stop_after_a_line()
    place:run("echo >never")
    assert.equal("code 0\n", result.out)
  end)
end)

describe("a program as a sink", function()
  it("gets all records, and its output is ours", function()
    place:write("a.jsonl", '{"n":3}\n{"n":1}\n{"n":2}\n')
    script('weir.from "a.jsonl" :to(weir.exec{ command = { "sort" }, codec = "csv" })')
    local result = place:run("weir run in.lua")
    assert.same({ 0, "1\n2\n3\nn\n" }, { result.code, result.out })
    assert.matches("the ledger balances", result.err)
  end)

  it("runs even if there is none", function()
    place:write("a.jsonl", "")
    script('weir.from "a.jsonl" :to(weir.exec{ command = "cat >b; echo done" })')
    assert.equal("done\n", place:run("weir run -q in.lua").out)
    assert.equal("", place:read("b"))
  end)

  it("gives to the next one what its predecessor had not read", function()
    local rows = program.rows(50000)
    place:write("a.jsonl", rows)
    -- The first reads a line and no more; a shell reads byte by byte.
    place:write("run.sh", "read -r line; echo \"$line\"; if [ -e ran ]; then exec cat; fi; >ran")
    script([[
weir.from "a.jsonl" :to(weir.exec{ command = { "sh", "run.sh" }, retries = { backoff = "1ms" } })]])
    local result = place:run("weir run in.lua")
    assert.equal(0, result.code)
    assert.equal(rows, result.out)
    assert.matches("2  exec:sh: commands started", result.err)
  end)

  it("fails the run if it fails, with all accounted for", function()
    place:write("a.jsonl", '{"n":1}\n')
    script('weir.from "a.jsonl" :to(weir.exec{ command = "cat >b; echo full >&2; exit 4" })')
    local result = place:run("weir run in.lua")
    assert.equal(1, result.code)
    assert.matches("ended with exit code 4: full", result.err, 1, true)
    assert.matches("the ledger balances", result.err)
  end)

  it("is told to end if the run fails", function()
    place:write("a.jsonl", '{"n":1}\n')
    script([[
weir.from "a.jsonl" :map(function(r) return r.x.y end, { on_error = "stop" })
  :to(weir.exec{
    command = "trap 'echo told; exit' TERM; cat >b; echo all", stop_timeout = "5m",
  })]])
    local result = place:run("weir run -q in.lua")
    assert.not_equal(0, result.code)
    assert.not_matches("all", result.out)
  end)
end)

describe("programs", function()
  it("have their mistakes told where they are made", function()
    for text, expected in pairs({
      ["weir.exec{}"] = 'option "command" is required',
      ["weir.exec{ command = {} }"] = "a list of the program and its arguments",
      ["weir.exec{ command = ' ' }"] = "a list of the program and its arguments",
      ["weir.exec{ command = { 1 } }"] = "a list of the program and its arguments",
    }) do
      script(("weir.from(%s):to 'b'"):format(text))
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
    script('weir.from(weir.exec{ command = { "a" } }):sort{ by = "n" }:to "b"')
    local result = place:run("weir check in.lua")
    assert.matches("weir.exec never does", result.out .. result.err, 1, true)
  end)
end)
