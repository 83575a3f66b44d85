local hindrances = require("weir.cli.hindrances")

describe("what sinks wait for", function()
  it("is told once, as is that they go on", function()
    local now, said = {}, {}
    local engine = { hindrances = function() return now end }
    local watcher = hindrances.watch(engine, function(message)
      said[#said + 1] = message
    end)
    local function at(ms, waits)
      now, said = waits, {}
      watcher.act(ms)
      return said
    end
    assert.same({}, at(0, {}))
    assert.same({ "a waits: no room", "b waits: a lock" },
      at(200, { b = "a lock", a = "no room" }))
    assert.same({}, at(400, { a = "no room still", b = "a lock" }))
    assert.same({ "b goes on, after 1.4 s" }, at(1600, { a = "no room" }))
    assert.same({ "a goes on, after 1:00" }, at(60200, {}))
    assert.same({ "a waits: no room" }, at(61000, { a = "no room" }))
  end)
end)
