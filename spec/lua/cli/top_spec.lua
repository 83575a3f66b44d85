local layout = require("weir.cli.table")
local screen = require("weir.cli.screen")
local spark = require("weir.cli.spark")

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
      local lines = screen.frame(snapshot(size[3]), history,
        { width = size[1], height = size[2], brush = plain })
      assert.is_true(#lines <= size[2])
      for _, line in ipairs(lines) do
        assert.is_true(layout.width_of(line) <= size[1], line)
      end
      assert.matches("^q quit  p pause", lines[#lines])
    end
  end)

  it("is brief where there is little room", function()
    local now = snapshot(1)
    now.read.records, now.written.records, now.dead = 514805, 8616, 6
    local function first(width)
      return screen.frame(now, {}, { width = width, height = 20, brush = plain })[1]
    end
    assert.equal("p  5.0 s, running: 514,805 records read (5/s, 50 B/s), 8,616 written, 6 dead",
      first(80))
    assert.equal("p  5.0 s, running: 515k read, 5/s, 8.62k written, 6 dead", first(70))
  end)

  it("shows what a sink waits for", function()
    local now = snapshot(2)
    now.nodes[2].hindrance = ("a.jsonl: cannot be written: no room; "):rep(4)
    local lines = screen.frame(now, {}, { width = 80, height = 30, brush = plain })
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
    local lines = screen.frame(now, {}, { width = 100, height = 30, brush = plain })
    local text = table.concat(lines, "\n")
    assert.matches("\nESYNTAX  in x 3\n", text)
    assert.matches("p go on  s sort: pipeline[^\n]*$", text)
  end)

  local WINDOW = { width = 100, height = 30, brush = plain }

  local function names_of(lines)
    local names = {}
    for _, line in ipairs(lines) do
      names[#names + 1] = line:match("(node:%d+)")
    end
    return names
  end

  it("sorts nodes, equal ones as in the pipeline", function()
    local now = snapshot(4)
    now.nodes[3].busy_share = 0.5
    now.nodes[4].dropped = { sampled = 9 }
    for name, wanted in pairs({ pipeline = { 1, 2, 3, 4 }, rate = { 1, 2, 3, 4 },
      busy = { 3, 1, 2, 4 }, lost = { 4, 1, 2, 3 } }) do
      for _, order in ipairs(screen.orders) do
        if order.name == name then
          for i, node in ipairs(screen.sorted(now.nodes, order)) do
            assert.equal("node:" .. wanted[i], node.name, name)
          end
        end
      end
    end
  end)

  it("keeps what is chosen in sight", function()
    for chosen = 1, 40 do
      local lines = screen.frame(snapshot(40), {}, { width = 100, height = 14, brush = plain },
        { chosen = "node:" .. chosen })
      local text = table.concat(lines, "\n")
      assert.matches("\n› node:" .. chosen .. " ", text)
      assert.equal(14, #lines)
      local names = names_of(lines)
      assert.is_true(#names > 3)
      local first, last = names[1]:match("%d+"), names[#names]:match("%d+")
      assert.equal(#names, last - first + 1)
    end
  end)

  it("tells more of the node that is chosen", function()
    local now = snapshot(2)
    local node = now.nodes[2]
    node.kind, node.dropped, node.byte_rate = "buffer", { dropped_oldest = 12345 }, rate(2e6)
    node.buffer = { bytes = 5e6, records_max = 900, disk_bytes = 0 }
    node.events = { saves_failed = 0, rotations = 2 }
    node.waited = { p50 = 1e-5, p90 = 0.002, p99 = 0.02, p999 = 2 }
    local view = { chosen = "node:2" }
    local text = table.concat(screen.frame(now, {}, WINDOW, view), "\n")
    assert.matches("\n  buffer, 2.00 MB/s, 12,345 dropped oldest, 2 rotations, 5.00 MB in memory, "
      .. "at most 900 records\n"
      .. "  waited before it, p50 10us, p90 2.0ms, p99 20ms, p99%.9 2.0s\n", text)
    view.chosen = nil
    assert.falsy(table.concat(screen.frame(now, {}, WINDOW, view), "\n"):find("rotations"))
  end)

  it("has more columns where there is room", function()
    local now = snapshot(2)
    now.nodes[2].waited, now.nodes[2].byte_rate = { p99 = 0.02 }, rate(2e6)
    local function titles(width)
      local lines = screen.frame(now, {}, { width = width, height = 20, brush = plain })
      return lines[3] -- one line stands above
    end
    assert.matches("out/s +1m/s +B/s +wait +busy +p50 +p90 +p99 +p99%.9", titles(200))
    assert.matches("^  node +out +in/s +out/s +1m/s +busy", titles(80))
    assert.falsy(titles(80):find("wait"))
  end)

  it("shows the last records of a tap, as a terminal bears them", function()
    local records = {}
    for i = 1, 40 do
      records[i] = ('{"n":%d,"t":"\27[31m\194\155größe%s"}'):format(i, ("x"):rep(i * 4))
    end
    local lines = screen.frame(snapshot(3), {}, { width = 60, height = 16, brush = plain },
      { tap = { node = "node:2", passed = 1234, records = records } })
    local text = table.concat(lines, "\n")
    assert.matches("\nnode:2, 1,234 passed\n", text)
    assert.matches('\n{"n":40,"t":" %[31m größex*…\nq quit', text)
    assert.falsy(text:find("[\27\155]"))
    assert.equal(16, #lines)
    for _, line in ipairs(lines) do
      assert.is_true(layout.width_of(line) <= 60, line)
    end
  end)

  it("asks before it ends a run, and names others where several are", function()
    local lines = screen.frame(snapshot(1), {}, WINDOW, { asks = "drain p? y yes" })
    assert.equal("drain p? y yes", lines[#lines])
    lines = screen.frame(snapshot(1), {}, WINDOW, { runs = { "a", "b" }, at = 2 })
    assert.matches("^p 2 of 2  ", lines[1])
    assert.matches("tab next run$", lines[#lines])
  end)

  it("stands still: a column that has been there stays, with its width", function()
    local kept, busy, idle = {}, snapshot(2), snapshot(2)
    busy.nodes[1].queue, busy.nodes[1].lag = 5120, { seconds = 0.5 }
    idle.nodes[1].in_rate = rate(1230000)
    local first = screen.frame(busy, {}, WINDOW, { kept = kept })
    local second = screen.frame(idle, {}, WINDOW, { kept = kept })
    local function titles(lines)
      for _, line in ipairs(lines) do
        if line:find("out/s", 1, true) then
          return line
        end
      end
    end
    assert.matches("queue +lag", titles(first))
    assert.equal(titles(first), titles(second))
  end)
end)
