--- Numbers that the program gives while it runs: `run --stats` and `run --metrics`.

local program = require("spec.support.program")
local prometheus = require("spec.support.prometheus")

local place = program.each_place()

local SCRIPT = [[
local weir = require "weir"
weir.from(weir.file{ name = "in", path = "in.jsonl" })
  :filter "n % 2 == 0"
  :to(weir.file{ name = "out", path = "out.jsonl" })
]]

-- Something of each kind that is counted, and names that need care.
local RICH = [[
local weir = require "weir"
local s = weir.from(weir.file{ name = 'the "in" \\ put', path = "in.jsonl" })
  :map(function(r) if r.n % 100 == 0 then error "no" end r.m = r.n end) :name "map\195\188"
local b = s:buffer{ max_records = 50, overflow = "drop_oldest" }
b:priority "high" :to "out.jsonl"
b:side "dropped" :to "dropped.jsonl"
s:dedup{ key = "n % 7", within = "1h", max_keys = 3 } :group_by "m"
  :aggregate{ count = weir.count() } :to "groups.jsonl"
s:buffer{ max_records = 10, overflow = "spill" } :to "spilled.jsonl"
s:sort{ by = "-n" } :to(weir.sqlite{ path = "out.db", table = "t" })
s:to(weir.exec{ command = "cat >/dev/null" })
weir.dead_letters():to "dead.jsonl"
]]

before_each(function()
  local lines = {}
  for n = 1, 1000 do
    lines[n] = ('{"n":%d}'):format(n)
  end
  lines[1001] = "{ broken"
  place:write("in.jsonl", table.concat(lines, "\n") .. "\n")
  place:write("p.lua", SCRIPT)
end)

describe("run --metrics", function()
  it("leaves a file that Prometheus reads, with what the run has counted", function()
    local result = place:run("weir run -q --metrics m.prom p.lua")
    assert.equal(0, result.code, result.err)
    local text = place:read("m.prom")
    local families = prometheus.read(text)
    assert.equal(500, prometheus.value(families, "weir_records_sent_total", { node = "out" }))
    assert.equal(1, prometheus.value(families, "weir_errors_total", { node = "in" }))
    assert.equal(500, prometheus.value(families, "weir_latency_seconds_count", { node = "out" }))
    assert.equal(0, prometheus.value(families, "weir_lag_bytes", { node = "in" }))
    assert.equal(0, prometheus.value(families, "weir_lag_seconds", { node = "out" }))
    assert.falsy(place:has("m.prom.tmp"))
  end)

  it("has nothing in it that promtool finds fault with", function()
    if place:run("command -v promtool").code ~= 0 then
      return pending("promtool is not here; it comes with the package prometheus")
    end
    place:write("rich.lua", RICH)
    local run = place:run("weir run -q --state-dir state --metrics m.prom rich.lua")
    assert.equal(0, run.code, run.err)
    local lint = place:run("promtool check metrics <m.prom")
    assert.same({ 0, "" }, { lint.code, lint.out .. lint.err })
  end)

  it("keeps the file up to date while it runs", function()
    place:write("p.lua", (SCRIPT:gsub("in%.jsonl", "in")))
    local result = place:run([[
      mkfifo in; "$WEIR" run -q --metrics m.prom p.lua & pid=$!
      exec 3>in; echo '{"n":2}' >&3
      until grep -q 'made_total.*node="in".* 1$' m.prom 2>/dev/null; do sleep 0.01; done
      grep -o 'state="running"} 1' m.prom
      exec 3>&-; wait $pid; echo "code $?"
      grep -o 'state="finished"} 1' m.prom]])
    assert.equal('state="running"} 1\ncode 0\nstate="finished"} 1\n', result.out)
  end)

  it("says at once that it cannot be written", function()
    local result = place:run("weir run --metrics nowhere/m.prom p.lua")
    assert.equal(1, result.code)
    assert.matches("^weir: %-%-metrics: nowhere/m.prom.tmp: No such file", result.err)
    assert.falsy(place:has("out.jsonl"))
  end)

  it("leaves nothing of a run that could not begin", function()
    place:write("p.lua", 'require("weir").from "none.jsonl":to "out.jsonl"')
    assert.equal(1, place:run("weir run --metrics m.prom p.lua").code)
    assert.falsy(place:has("m.prom"))
    assert.falsy(place:has("m.prom.tmp"))
  end)

  it("replaces nothing but a plain file", function()
    local result = place:run([[ln -s /dev/null link; weir run --metrics link p.lua; echo "code $?"
      weir run --metrics . p.lua; echo "code $?"; readlink link]])
    assert.equal("code 1\ncode 1\n/dev/null\n", result.out)
    assert.matches("link: is no plain file, and would be replaced", result.err)
    assert.falsy(place:has("out.jsonl"))
  end)

  it("has each family in `weir help metrics`", function()
    place:run("weir run -q --metrics m.prom p.lua")
    local page = place:run("weir help metrics").out
    for name in pairs(prometheus.read(place:read("m.prom"))) do
      assert.truthy(page:find("\n  " .. name, 1, true), name)
    end
  end)
end)

describe("run --stats", function()
  it("prints a table at each interval, on standard error", function()
    place:write("p.lua", (SCRIPT:gsub("in%.jsonl", "in"):gsub('"out.jsonl"', '"out"')))
    local result = place:run([[
      mkfifo in; "$WEIR" run -q --stats 100ms p.lua 2>log & pid=$!
      exec 3>in; echo '{"n":2}' >&3
      until grep -q '^filter.*%' log; do sleep 0.01; done
      exec 3>&-; wait $pid; echo "code $?"]])
    assert.equal("code 0\n", result.out)
    local log = place:read("log")
    assert.matches("running: 1 record read", log)
    assert.matches("\nnode +out +in/s +out/s", log)
    assert.falsy(log:find("\27"))
    for line in log:gmatch("[^\n]+") do
      assert.is_true(#line <= 80, line)
    end
  end)

  it("wants a time", function()
    local result = place:run("weir run --stats 1 p.lua")
    assert.equal(2, result.code)
    assert.matches('%-%-stats must be a duration such as "250ms"', result.err)
  end)
end)

describe("what a source has not read", function()
  it("is bytes of the files that a tail follows, and those are a level, no count", function()
    place:write("p.lua", [[
local weir = require "weir"
weir.from(weir.tail{ name = "in", path = "*.log", codec = "lines" }):to(weir.stdout{})
]])
    place:write("a.log", "one\n")
    local result = place:run([[
      "$WEIR" run -q --state-dir state --metrics m.prom p.lua >out & pid=$!
      until grep -q 'files_followed"} 1$' m.prom 2>/dev/null; do sleep 0.02; done
      until grep -q 'weir_lag_bytes{.*} 0$' m.prom; do sleep 0.02; done
      printf 'begun, and not ended' >> a.log
      until grep -q 'weir_lag_bytes{.*} 20$' m.prom; do sleep 0.02; done
      grep -A 1 '# TYPE weir_level' m.prom | tail -n 1
      kill -TERM $pid; wait $pid; echo "code $?"]])
    assert.equal(
      'weir_level{pipeline="p",node="in",kind="source",level="bytes_behind"} 20\ncode 0\n',
      result.out)
  end)
end)
