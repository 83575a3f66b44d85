local program = require("spec.support.program")

local DPKG_LOG = [[
2026-03-02 08:00:00 startup archives unpack
2026-03-02 08:00:01 install luajit:amd64 <none> 2.1.0~beta3+git20220320
2026-03-02 08:00:01 status half-installed luajit:amd64 2.1.0~beta3+git20220320
2026-03-03 09:00:00 upgrade jq:amd64 1.6-2.1 1.6-2.1+deb12u1
2026-03-03 09:00:00 install make:amd64 <none> 4.3-4.1
]]

describe("make demo", function()
  local place, shown

  setup(function()
    place = program.place()
    place:bring("scripts")
    place:write("dpkg.log", DPKG_LOG)
    local run = place:run("DPKG_LOG=dpkg.log scripts/demo/run " .. program.path)
    assert(run.code == 0, run.err)
    shown = run.out:gsub(program.path:gsub("%p", "%%%0"), "build/weir")
  end)

  teardown(function()
    place:remove()
  end)

  it("fits a terminal", function()
    for line in shown:gmatch("[^\n]+") do
      assert.is_true(#line <= 80, line)
    end
  end)

  it("finds the two things that went wrong", function()
    assert.matches("\n +1  /checkout +%d+ +328 ", shown)
    assert.matches("\n +%d  /search +%d+ +%d+ +[%d.]+ +2055 ", shown)
    assert.matches('\n{"minute":"08:20"', shown, 1, true)
    assert.matches('\n{"minute":"08:25"', shown, 1, true)
  end)

  it("accounts for every record", function()
    local balanced = select(2, shown:gsub("the ledger balances", ""))
    assert.equal(2, balanced)
  end)

  it("counts this machine's packages", function()
    assert.equal([[
day,action,packages,first,last
2026-03-02,install,1,luajit,luajit
2026-03-03,install,1,make,make
2026-03-03,upgrade,1,jq,jq
]], place:read("build/demo/packages.csv"))
  end)

  it("says kindly what is not there", function()
    local run = place:run("DPKG_LOG=/nowhere scripts/demo/run " .. program.path)
    assert.equal(0, run.code, run.err)
    assert.matches("It is not here, or it is empty", run.out, 1, true)
    assert.matches("Try next", run.out, 1, true)
  end)
end)
