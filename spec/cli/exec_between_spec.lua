--- Programs that take records and give others back: well-behaved ones, ones that die, that
-- never read, that never answer.

local program = require("spec.support.program")
local sockets = require("spec.support.sockets")

local place = program.each_place()

local function script(text, ...)
  place:write("in.lua", 'local weir = require "weir"\n' .. text:format(...))
end

local function rows(count)
  local text = program.rows(count)
  place:write("a.jsonl", text)
  return text
end

local function through(command, options)
  script('weir.from "a.jsonl" :exec{ command = %q, retries = { backoff = "1ms" }, %s }\n'
    .. '  :to(weir.stdout{})', command, options or "")
  return place:run("weir run in.lua")
end

local function dead()
  return place:records("in.dead.jsonl")
end

-- A shell reads byte by byte, so it has read no more than it has taken.
local function dies_after(count)
  place:write("some.sh", ([[
n=0; while [ $n -lt %d ] && read -r line; do echo "$line"; n=$((n + 1)); done
[ $n -lt %d ] || exit 1]]):format(count, count))
  return "sh some.sh"
end

local MANY = 30000 -- several times what pipes hold

describe("a program between", function()
  after_each(sockets.clean)

  it("gets all records, and what it writes goes on", function()
    local text = rows(MANY)
    for _, command in ipairs({ "cat", "awk '{ print; fflush() }'", "awk '{ print }'" }) do
      for _, answers in ipairs({ "any", "each" }) do
        local result = through(command, ("answers = %q"):format(answers))
        assert.equal(0, result.code)
        assert.is_true(text == result.out, command)
        assert.matches("the ledger balances", result.err, 1, true)
      end
    end
  end)

  it("may answer more, less, or at the end", function()
    rows(MANY)
    assert.equal('{"n":29999}\n', through("grep -x '{.n.:29999}'").out)
    assert.equal(2 * MANY, select(2, through("sed p").out:gsub("\n", "")))
    local sorted = through("sort -r").out
    assert.equal('{"n":9}\n', sorted:sub(1, 8))
    assert.equal(MANY, select(2, sorted:gsub("\n", "")))
  end)

  it("runs even if there is no record, and is shown its codec", function()
    rows(0)
    assert.equal('{"n":0}\n', through([[wc -l | sed 's/.*/{"n":&}/']]).out)
    rows(2)
    script([[weir.from "a.jsonl" :set{ m = "n * 2" }
      :exec{ command = "tee seen", codec = "csv" }:to(weir.stdout{})]])
    assert.equal('{"n":"1","m":"2"}\n{"n":"2","m":"4"}\n', place:run("weir run -q in.lua").out)
    assert.equal("n,m\n1,2\n2,4\n", place:read("seen"))
  end)

  it("stands between others, and before what merges, groups and waits", function()
    rows(100)
    script([[
local s = weir.from "a.jsonl"
s:exec{ command = "cat" } :filter "n > 50" :exec{ command = "cat" }
  :merge(s:filter "n <= 50"):buffer{ max_records = 10 }
  :aggregate{ n = weir.count(), sum = weir.sum "n" } :to(weir.stdout{})]])
    assert.equal('{"n":100,"sum":5050}\n', place:run("weir run -q in.lua").out)
  end)

  it("has what it writes that is no record set aside, and what it says shown", function()
    rows(1)
    local result = through("cat; echo nonsense; echo hello >&2")
    assert.equal('{"n":1}\n', result.out)
    assert.matches("info: cat; echo nonsense; echo hello >&2: hello\n", result.err, 1, true)
    assert.same({ "exec:cat;", "nonsense" }, { dead()[1].stage, dead()[1].raw })
  end)

  it("that dies is started again, and has read what it has read", function()
    local text = rows(1000)
    local result = through(dies_after(300), "answers = 'each'")
    assert.same({ 0, text }, { result.code, result.out })
    assert.matches("4  exec:sh: commands started", result.err, 1, true)
    assert.matches("3  exec:sh: commands failed", result.err, 1, true)
    assert.matches("ended with exit code 1; it had read 300 records and written 300", result.err,
      1, true)
    -- Without a word on what answers what, the same holds for what had not been read.
    result = through(dies_after(300))
    assert.same({ 0, text }, { result.code, result.out })
  end)

  it("that dies with records in it loses them, or gets them again if each has an answer",
    function()
      local text = rows(MANY)
      -- The first takes a bufferful and dies; the second is a good one.
      local command = "if [ -e ran ]; then exec cat; fi; >ran; head -n 1; exit 1"
      local result = through(command, "answers = 'each'")
      assert.is_true(text == result.out)
      assert.matches("bytes sent again", result.err, 1, true)
      os.remove(place.path .. "/ran")
      result = through(command)
      local count = select(2, result.out:gsub("\n", ""))
      assert.equal(0, result.code)
      assert.is_true(count > 1 and count < MANY)
      local read, written = result.err:match("it had read (%d+) records and written (%d+)")
      assert.equal(1, tonumber(written))
      assert.equal(MANY - count, read - written)
    end)

  it("that dies of a record is spared it", function()
    rows(10)
    place:write("picky.sh", 'while read -r l; do case $l in *:7}) exit 3; esac; echo "$l"; done')
    local result = through("sh picky.sh", "answers = 'each'")
    assert.equal(0, result.code)
    assert.equal(9, select(2, result.out:gsub("\n", "")))
    assert.same({ "EANSWER", '{"n":7}' }, { dead()[1].code, dead()[1].raw })
    assert.matches("1  exec:sh: records unanswered", result.err, 1, true)
  end)

  it("that owes answers at the end leaves dead letters", function()
    rows(10)
    local result = through("grep -v 5", "answers = 'each', restart = false")
    assert.equal(0, result.code)
    assert.equal(9, select(2, result.out:gsub("\n", "")))
    assert.equal("EANSWER", dead()[1].code)
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("may answer too much, which is no answer to what it has not been given yet", function()
    rows(2 * MANY)
    local result = through("sed p", "answers = 'each'")
    assert.equal(0, result.code)
    assert.equal(4 * MANY, select(2, result.out:gsub("\n", "")))
    assert.matches("the ledger balances", result.err, 1, true)
    assert.matches("60,000  exec:sed: answers unasked", result.err, 1, true)
    assert.equal(1, select(2, result.err:gsub("it answers more than it was asked", "")))
  end)

  it("ends the stream when it ends, if it is not restarted", function()
    rows(MANY)
    local result = through("head -n 3", "restart = false")
    assert.same({ 0, '{"n":1}\n{"n":2}\n{"n":3}\n' }, { result.code, result.out })
    assert.matches("the ledger balances", result.err, 1, true)
    result = through("head -n 3; echo oops >&2; exit 3", "restart = false")
    assert.equal(1, result.code)
    assert.matches("ended with exit code 3: oops", result.err, 1, true)
  end)

  it("must end well, and be there", function()
    rows(10)
    local result = through("cat; exit 4")
    assert.equal(1, result.code)
    assert.matches("ended with exit code 4", result.err, 1, true)
    script('weir.from "a.jsonl" :exec{ command = { "no-such-program" } }:to(weir.stdout{})')
    result = place:run("weir run in.lua")
    assert.equal(1, result.code)
    assert.matches("no-such-program: cannot be run: No such file", result.err, 1, true)
    result = through("exit 5", "answers = 'each'")
    assert.equal(1, result.code)
    assert.matches("ended with exit code 5", result.err, 1, true)
  end)

  it("is told to end when nobody wants its answers", function()
    rows(MANY)
    script([[
weir.from "a.jsonl" :exec{ command = "exec 9>lock; flock 9; cat; read -r line <never",
  stop_timeout = "10ms" }:take(2):to(weir.stdout{})]])
    place:run("mkfifo never")
    local result = place:run("weir run in.lua")
    assert.same({ 0, '{"n":1}\n{"n":2}\n' }, { result.code, result.out })
    assert.equal(0, place:run("flock lock true").code)
  end)

  it("that never reads, or never answers, holds up nobody for longer than drain_timeout",
    function()
      rows(MANY)
      place:run("mkfifo never go")
      local never_reads, never_answers =
        "echo >go; read -r l <never", "cat >b; echo >go; read -r l <never"
      for _, command in ipairs({ never_reads, never_answers }) do
        for _, answers in ipairs({ "any", "each" }) do
          script([[
weir.options{ drain_timeout = "10ms" }
weir.from "a.jsonl" :exec{ command = %q, answers = %q, stop_timeout = "10ms" }
  :to(weir.stdout{})]], command, answers)
          local result = place:run([[
            "$WEIR" run in.lua & pid=$!; read -r l <go; kill -INT $pid; wait $pid]])
          assert.not_equal(0, result.code)
          assert.matches("within drain_timeout", result.err, 1, true)
          assert.matches("the ledger balances", result.err, 1, true)
        end
      end
    end)

  it("finishes what it has at a stop", function()
    script([[
weir.from(weir.exec{ command = "echo '{\"n\":1}\n{\"n\":2}'; exec sleep 99" })
  :exec{ command = "read -r a; echo $a; cat >rest; cat rest" }:to(weir.stdout{})]])
    local result = place:run([[
      mkfifo pipe; "$WEIR" run -q in.lua >pipe & pid=$!
      { read -r line <&3; kill -INT $pid; cat <&3; wait $pid; echo "code $?"; } 3<pipe]])
    assert.equal('{"n":2}\ncode 0\n', result.out)
  end)

  it("has its records kept for it until it has answered, if each has an answer", function()
    rows(3)
    script([[
weir.from(weir.tail{ path = "a.jsonl" })
  :exec{ command = %q, answers = "each" }:take(3):to(weir.stdout{})]],
      "if [ -e ran ]; then exec cat; fi; >ran; head -n 3 >b; echo >go; exec cat >b")
    -- The first has read all and answered nothing when weir is killed.
    local result = place:run([[
      mkfifo go
      "$WEIR" run -q --state-dir state in.lua & pid=$!; read -r l <go; kill -KILL $pid; wait $pid
      "$WEIR" run -q --state-dir state in.lua]])
    assert.equal('{"n":1}\n{"n":2}\n{"n":3}\n', result.out)
  end)

  it("has mistakes told where they are made", function()
    for text, expected in pairs({
      [":exec{}"] = 'option "command" is required',
      [":exec{ command = {} }"] = "a list of the program and its arguments",
      [':exec{ command = "a", answers = "all" }'] = '"any" or "each"',
    }) do
      script("weir.from 'a.jsonl' %s:to 'b'", text)
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
    script('weir.from "a.jsonl" :exec{ command = "cat" }:to "b"')
    assert.matches("1 source, 0 segments, 1 program, 1 sink", place:run("weir explain in.lua").out,
      1, true)
    assert.matches("standard input", place:run("weir help :exec").out, 1, true)
  end)
end)
