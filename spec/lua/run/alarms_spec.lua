--- Alarms beside a plain list of who has one.

local alarms = require("weir.run.alarms")

local seed = tonumber(os.getenv("SEED")) or os.time()

describe("alarms", function()
  it("ring in the order of their times, for who has one still", function()
    local given, has = alarms.new(), {}
    local calls, now = {}, 0
    for i = 1, 50 do
      calls[i] = { name = i }
    end
    local function first()
      local ns = math.huge
      for _, at in pairs(has) do
        ns = math.min(ns, at)
      end
      return ns
    end
    math.randomseed(seed)
    for step = 1, 20000 do
      local call = calls[math.random(#calls)]
      local what = math.random()
      if what < 0.6 then
        has[call] = now + math.random(100)
        given:set(call, has[call])
      elseif what < 0.8 then
        has[call] = nil
        given:clear(call)
      else
        now = now + math.random(0, 30)
        local last = 0
        for _, due in ipairs(given:ring(now)) do
          assert.is_true(has[due] <= now and has[due] >= last, "seed " .. seed .. ", step " .. step)
          last, has[due] = has[due], nil
        end
        assert.is_true(first() > now, "seed " .. seed .. ", step " .. step)
      end
      assert.equal(first(), given:first_ns(), "seed " .. seed .. ", step " .. step)
    end
  end)

  it("ring once, however soon they are set again", function()
    local given, call = alarms.new(), {}
    given:set(call, 5)
    for _, due in ipairs(given:ring(5)) do
      given:set(due, 5)
    end
    assert.equal(1, #given:ring(5))
    assert.equal(0, #given:ring(5))
    assert.equal(math.huge, given:first_ns())
  end)
end)
