local layout = require("weir.cli.table")
local spark = require("weir.cli.spark")
local top = require("weir.cli.top")

local function plain(_, text)
  return text
end

local function rate(s)
  return { s = s, m = s }
end

local function snapshot(nodes)
  local out = { pipeline = "p", state = "running", elapsed_s = 5, dead = 0, errors = {}, nodes = {},
    read = { records = 10, rate = rate(5), byte_rate = rate(50) }, written = { records = 4 } }
  for i = 1, nodes do
    out.nodes[i] = { name = "node:" .. i, kind = "map", received = 5, made = 0, sent = 4, dead = 0,
      dropped = {}, held = 0, in_rate = rate(10), out_rate = rate(10), queue = 0, queue_max = 0,
      busy_share = 0.1, latency = { p50 = 0.1, p90 = 0.1, p99 = 0.1, p999 = 1 } }
  end
  return out
end

describe("a row of bars", function()
  it("is as high as its numbers, and shows the last ones", function()
    assert.equal("  ▁▄█", spark.line({ 0, 50, 100 }, 5))
    assert.equal("▄█", spark.line({ 9000, 50, 100 }, 2))
    assert.equal(".-#", spark.line({ 0, 60, 100 }, 3, true))
    assert.equal("▁▁", spark.line({ 0, 0 }, 2))
    assert.equal("   ", spark.line({}, 3))
  end)
end)

describe("a screen of weir top", function()
  it("fits its window, and says what the keys do", function()
    local history = { ["node:1"] = { 1, 2, 3 } }
    for _, size in ipairs({ { 80, 24, 3 }, { 100, 10, 40 }, { 200, 50, 20 }, { 72, 5, 1 } }) do
      local lines = top.frame(snapshot(size[3]), history,
        { width = size[1], height = size[2], brush = plain })
      assert.is_true(#lines <= size[2])
      for _, line in ipairs(lines) do
        assert.is_true(layout.width_of(line) <= size[1], line)
      end
      assert.equal("q quit  p pause", lines[#lines])
    end
  end)

  it("shows what a sink waits for", function()
    local now = snapshot(2)
    now.nodes[2].hindrance = ("a.jsonl: cannot be written: no room; "):rep(4)
    local lines = top.frame(now, {}, { width = 80, height = 30, brush = plain })
    local text = table.concat(lines, "\n")
    assert.matches("\nnode:2 waits\n  a.jsonl: cannot be written: no room;", text)
    for _, line in ipairs(lines) do
      assert.is_true(layout.width_of(line) <= 80, line)
    end
  end)

  it("shows why records died, and that a run is paused", function()
    local now = snapshot(1)
    now.state = "paused"
    now.errors = { { code = "ESYNTAX", node = "in", count = 3 } }
    local text = table.concat(top.frame(now, {}, { width = 100, height = 30, brush = plain }), "\n")
    assert.matches("\nESYNTAX  in x 3\n", text)
    assert.matches("p go on$", text)
  end)
end)
