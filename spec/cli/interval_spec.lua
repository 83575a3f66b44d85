local program = require("spec.support.program")

local place = program.each_place()

local function script(text)
  place:write("in.lua", 'local weir = require "weir"\n' .. text)
end

describe("an interval", function()
  it("ticks until nobody wants more", function()
    script([[
weir.from(weir.interval{ every = "1ms" }):take(3):map(function(r)
  return { early = r.time < 1.6e12, first = r.n == 1 }
end):to(weir.stdout{})]])
    local result = place:run("weir run in.lua")
    assert.equal(0, result.code)
    assert.equal('{"early":false,"first":true}\n' .. ('{"early":false,"first":false}\n'):rep(2),
      result.out)
    assert.matches("the ledger balances", result.err)
  end)

  it("ends while it waits, when it is stopped", function()
    script('weir.from(weir.interval{ every = "1h" }):to(weir.stdout{})')
    local result = place:run([[
      mkfifo pipe; "$WEIR" run in.lua >pipe 2>log & pid=$!
      { read -r line <&3; kill -INT $pid; wait $pid; echo "code $?"; } 3<pipe]])
    assert.equal("code 0\n", result.out)
  end)

  it("ticks however many others wait", function()
    script([[
local others = {}
for i = 1, 140 do
  others[i] = weir.from(weir.interval{ name = "other " .. i, every = "1h" }):filter "n > 1"
end
weir.from(weir.interval{ every = "1ms" }):merge(unpack(others)):take(3):set{ n = "1" }
  :select("n"):to(weir.stdout{})]])
    local result = place:run("weir run -q in.lua")
    assert.equal(('{"n":1}\n'):rep(3), result.out)
  end)

  it("has its mistakes told where they are made", function()
    for text, expected in pairs({
      ['weir.interval{}'] = 'option "every" is required',
      ['weir.interval{ every = "0s" }'] = "longer than nothing",
      ['weir.interval{ every = 5 }'] = "every",
    }) do
      script(('weir.from(%s):to "b"'):format(text))
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
    script('weir.from(weir.interval{ every = "1s" }):sort{ by = "n" }:to "b"')
    local result = place:run("weir check in.lua")
    assert.matches("weir.interval never does", result.out .. result.err, 1, true)
  end)
end)
