--- max_memory is what the system counts too: the peak of the whole process.

local program = require("spec.support.program")

local place = program.each_place()

local MIB = 2 ^ 20
local PLAIN = (os.getenv("BUILD") or "build") == "build"

-- Does a line of shell, then says the peak, in KiB, of what that ran.
local PEAK = [[
local ffi = require("ffi")
ffi.cdef "struct rusage { long times[4], maxrss, others[13]; };"
ffi.cdef "int getrusage(int who, struct rusage *usage);"
local code = os.execute(arg[1])
local usage = ffi.new("struct rusage")
assert(ffi.C.getrusage(-1, usage) == 0)
print(code / 256, tonumber(usage.maxrss))
]]

-- What each keeps has a kilobyte a record, so that it does not take long.
local RUNS = {
  {
    name = "groups",
    stages = ':map(function(r) r.s = r.s .. r.n end):group_by("s")'
      .. ':aggregate({ n = weir.count() }, { max_keys = 1e9, max_state = "99GiB" })',
    says = "max_memory is reached",
  },
  {
    name = "an order",
    stages = ':sort{ by = "n", max_records = 1e9 }',
    says = "raise --max-memory, take fewer --workers, or keep less",
  },
  {
    name = "what a script keeps",
    stages = ":tap(function(r) kept[#kept + 1] = r.s .. r.n end)",
    says = "what the script keeps fills max_memory",
  },
}

-- The peak in bytes of a run of so many records, its exit code and what it says.
local function run(count, stages, limit)
  place:write("peak.lua", PEAK)
  place:write("run.lua", ([[
local weir = require "weir"
local text, kept = ("x"):rep(1000), {}
weir.from(weir.generate{ count = %d, fn = function(n) return { n = n, s = text } end })
  %s
  :to(weir.discard{})
]]):format(count, stages))
  local result = place:run(
    ([[export WEIR; luajit peak.lua '"$WEIR" run -q --max-memory %dMiB run.lua']]):format(limit))
  local code, kib = result.out:match("^(%d+)%s+(%d+)\n$")
  return assert(tonumber(kib), result.err) * 1024, tonumber(code), result.err
end

describe("max_memory", function()
  for _, each in ipairs(RUNS) do
    for _, limit in ipairs({ 64, 256 }) do
      it(("of %d MiB is honoured within a tenth by %s"):format(limit, each.name), function()
        local empty = run(1, each.stages, limit)
        local peak, code, err = run(2e6, each.stages, limit)
        assert.equal(1, code, err)
        assert.truthy(err:find(each.says, 1, true), err)
        -- A sanitizer needs memory of its own.
        assert.is_true(not PLAIN or peak - empty <= 1.1 * limit * MIB,
          ("%.1f MiB more than an empty run"):format((peak - empty) / MIB))
      end)
    end
  end
end)
