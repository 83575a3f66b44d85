local duration = require("weir.lib.duration")
local rate = require("weir.lib.rate")
local share = require("weir.lib.share")
local size = require("weir.lib.size")

local function reads(parse, cases)
  for text, expected in pairs(cases) do
    assert.equal(expected, (parse(text)), tostring(text))
  end
end

local function refuses(parse, cases)
  for _, text in ipairs(cases) do
    local value, expected = parse(text)
    assert.is_nil(value, tostring(text))
    assert.is_string(expected)
  end
end

describe("quantities", function()
  it("reads durations as nanoseconds", function()
    reads(duration.parse_ns, {
      ["250ms"] = 250e6,
      ["10s"] = 10e9,
      ["1.5s"] = 1.5e9,
      ["5m"] = 300e9,
      ["1h"] = 3600e9,
      ["7d"] = 7 * 86400e9,
      ["-5s"] = -5e9,
      ["0s"] = 0,
      ["3ns"] = 3,
    })
    refuses(duration.parse_ns, { "10", "s", "10 s", "10S", "1h30m", "1..5s", "", {}, 10, "inf s" })
    refuses(duration.parse_ns, { "10sec", "5min", "ten", true })
    assert.equal(36500 * 86400e9, (duration.parse_ns("36500d")))
    refuses(duration.parse_ns, { "36501d", "-36501d", "9999999999d", ("9"):rep(400) .. "ns" })
  end)

  it("writes a duration so that it reads back", function()
    math.randomseed(7)
    for _ = 1, 1000 do
      local ns = math.random(0, 2 ^ 31) * ({ 1, 1e3, 1e6, 1e9 })[math.random(4)]
      assert.equal(ns, (duration.parse_ns(duration.text(ns))))
    end
    assert.equal("90s", duration.text(90e9))
    assert.equal("2m", duration.text(120e9))
  end)

  it("reads sizes as bytes", function()
    reads(size.parse_bytes, {
      ["64KiB"] = 65536,
      ["16MiB"] = 16 * 2 ^ 20,
      ["1GiB"] = 2 ^ 30,
      ["10MB"] = 1e7,
      ["1.5KiB"] = 1536,
      [4096] = 4096,
    })
    refuses(size.parse_bytes, { "64", "KiB", "64 KiB", "64kib", -1, 1.5, "1e3B", 0 / 0, {} })
  end)

  it("reads rates as counts per second", function()
    reads(rate.parse_per_s, { ["100/s"] = 100, ["6/m"] = 0.1, ["3600/h"] = 1, ["5/ms"] = 5000 })
    refuses(rate.parse_per_s, { "100", "/s", "0/s", "-1/s", "100/sec", 100 })
    refuses(rate.parse_per_s, { ("9"):rep(400) .. "/s" })
  end)

  it("reads shares as numbers from 0 to 1", function()
    reads(share.parse, { [0.01] = 0.01, ["1%"] = 0.01, ["100%"] = 1, [0] = 0 })
    refuses(share.parse, { 1.1, "101%", "-1%", "1", -0.1, 0 / 0 })
  end)
end)
