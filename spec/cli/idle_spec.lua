--- A run that waits takes no time of the processor.
--
-- What it takes while somebody sleeps for a second is counted, not how long anything
-- lasts: a slow machine changes nothing. One that still begins gets another second.

local program = require("spec.support.program")

local place = program.each_place()

local TICKS_MAX, SECONDS_MAX = 2, 60

-- What each does with three records, or waits for besides; then all are silent.
local RUNS = {
  stdin = 's:map(function(r) r.m = r.n end):to "out.jsonl"',
  delay = 's:delay "1h":map(function(r) r.m = r.n end):to "out.jsonl"',
  buffer = 's:buffer{ max_records = 9 }:throttle{ rate = "1/h" }:to "out.jsonl"',
  batch = 's:batch{ records = 9, every = "1h" }:to "out.jsonl"',
  classes = 's:priority "high":delay "1h":to "out.jsonl"',
  interval = 'weir.from(weir.interval{ every = "1h" }):to "out.jsonl"',
  tail = 'weir.from(weir.tail{ path = "*.log", codec = "lines" }):to "out.jsonl"',
  tcp = 'weir.from(weir.tcp{ listen = "127.0.0.1:0" }):to "out.jsonl"',
}

-- Each in a folder of its own. It holds both ends of its pipes, and has begun when its
-- records have come back.
local BEGIN = [[
  begin() {
    cd "$1" || exit
    mkfifo in out; echo one > a.log
    "$WEIR" run --workers 4 --state-dir state run.lua <>in 1<>out 2>log & runs="$runs $1:$!"
    printf '{"n":1}\n{"n":2}\n{"n":3}\n' > in
    head -n 3 out > back
    cd ..
  }
  ticks() { set -- $(cut -d' ' -f14,15 "/proc/${1#*:}/stat"); echo $(($1 + $2)); }
  trap 'for run in $runs; do kill -KILL ${run#*:}; done' EXIT
]]

local WATCH = [[
  busy=$runs; seconds=0
  while [ -n "$busy" ] && [ $seconds -lt %d ]; do
    before=; for run in $busy; do before="$before $run=$(ticks $run)"; done
    sleep 1; seconds=$((seconds + 1)); busy=
    for each in $before; do
      run=${each%%=*}; took=$(($(ticks $run) - ${each#*=}))
      [ $took -le %d ] || { busy="$busy $run"; echo "$run took $took ticks" >> took; }
    done
  done
  [ -z "$busy" ] || cat took
  for run in $runs; do kill -0 ${run#*:} || cat ${run%%%%:*}/log; done
]]

describe("an idle run", function()
  it("takes no time of the processor, whatever it waits for", function()
    local lines = { BEGIN }
    for name, rest in pairs(RUNS) do
      assert(os.execute(("mkdir '%s/%s'"):format(place.path, name)) == 0)
      place:write(name .. "/run.lua", ([[
local weir = require "weir"
local s = weir.from(weir.stdin{ codec = "json" })
s:to(weir.stdout{})
%s
]]):format(rest))
      lines[#lines + 1] = "begin " .. name
    end
    lines[#lines + 1] = WATCH:format(SECONDS_MAX, TICKS_MAX)
    local result = place:run(table.concat(lines, "\n"))
    assert.equal("", result.out .. result.err)
    assert.equal(0, result.code)
  end)
end)
