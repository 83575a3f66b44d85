local hostile = require("spec.support.hostile_records")
local lambdas = require("spec.support.lambdas")
local lift = require("weir.expr.lift")
local machine = require("spec.support.column_machine")
local row_code = require("spec.support.row_code")
local script = require("spec.support.script")
local strip = require("spec.support.strip")
local text = require("weir.expr.text")

local seed = tonumber(os.getenv("SEED") or "") or os.time()
math.randomseed(seed)

local RECORDS = 30
local env = script.environment()

local function lambda(source)
  return script.lambda(source, lambdas.PRELUDE:gsub("\n", " "), env)
end

local function records()
  local list = {}
  for i, json in ipairs(hostile.plain) do
    list[i] = json
  end
  for i = 1, RECORDS do
    list[#list + 1] = i % 2 == 0 and hostile.random() or hostile.nearly_plain()
  end
  return list
end

-- Both machines, the engine's and its slow model, must say what the row code says.
-- Bailing is saying nothing.
local function compare(wanted, got, what, json)
  if got.bail then
    return
  end
  local same = got.filtered and wanted.filtered and true
  assert.same(wanted, same and wanted or got, ("SEED=%d %s on %s"):format(seed, what, json))
end

local function check(nodes, what, may_bail)
  local lifted = lift.chain(nodes, { quiet = true })
  assert.is_nil(lifted.reason, what)
  assert.equal(#nodes, lifted.count)
  local list = records()
  local outcomes = strip.run(lifted.program, list)
  for i, json in ipairs(list) do
    local wanted = row_code.run(nodes, json)
    local by_model = machine.run(lifted.program, row_code.open(json))
    compare(wanted, by_model, "model: " .. what, json)
    compare(wanted, outcomes[i], what, json)
    if i <= #hostile.plain and not may_bail then
      assert(not by_model.bail, ("model: %s bails on %s"):format(what, json))
      assert(not outcomes[i].bail, ("%s bails on %s"):format(what, json))
    end
  end
end

local function filter(source)
  return { kind = "filter", expr = lambda("function(r) return " .. source .. " end") }
end

local function set(source)
  local expr = lambda("function(r) return " .. source .. " end")
  return { kind = "set", columns = { { name = "out", expr = expr } } }
end

local function map(source)
  return { kind = "map", expr = lambda("function(r) " .. source .. " end") }
end

-- Such as are not the plain case even for plain records.
local uncommon = {
  ["r.a == r.b"] = true,
  ["if not r.ok then error('bad') end r.x = 1"] = true,
  ["tonumber(r.path:match('%d+'))"] = true,
  ["r.tags[r.b]"] = true,
  ["('%05d|%-6d|%6d'):format(r.ms, r.n, r.status)"] = true,
  ["('%.1f %f'):format(r.ms / 16, r.n)"] = true,
  ["('%x %X'):format(r.status, r.n)"] = true,
  ["r.x = r.path:sub(r.path:find('p'))"] = true,
  ["r.path:find('/', r.ms, true)"] = true,
  ["(r.path:find('x', 100))"] = true,
  ["(r.path:find('', r.status))"] = true,
  ["r.path:match('/?', r.n)"] = true,
}

describe("a lifted lambda gives what it gives row by row, or bails:", function()
  for _, source in ipairs(lambdas.conditions) do
    it("filter " .. source, function()
      check({ filter(source) }, source, uncommon[source])
    end)
  end

  for _, source in ipairs(lambdas.values) do
    it("set " .. source, function()
      check({ set(source) }, source, uncommon[source])
    end)
  end

  for _, source in ipairs(lambdas.maps) do
    it("map " .. source, function()
      check({ map(source) }, source, uncommon[source])
    end)
  end

  it("a hundred by chance", function()
    for i = 1, 100 do
      local source = i % 2 == 0 and lambdas.condition() or lambdas.value()
      check({ i % 4 < 2 and filter(source) or set(source) }, source, true)
    end
  end)
end)

describe("string.format", function()
  -- A number such as records have: of few digits, of many, half way between two.
  local function number()
    local scale = 10 ^ math.random(0, 9)
    local way = math.random(4)
    if way == 1 then
      return math.random(-10000, 10000) / 2 ^ math.random(0, 8)
    elseif way == 2 then
      return math.random(-1000000, 1000000) / scale
    end
    return (math.random() - 0.5) * scale
  end

  it("rounds as Lua does, or leaves it to Lua", function()
    local source = {}
    for precision = 0, 9 do
      source[#source + 1] = ("r.f%d = ('%%.%df'):format(r.n)"):format(precision, precision)
    end
    local nodes = { map(table.concat(source, " ")) }
    local list, bailed = {}, 0
    for i = 1, 1000 do
      list[i] = ('{"n":%.17g}'):format(number())
    end
    local outcomes = strip.run(lift.chain(nodes).program, list)
    for i, json in ipairs(list) do
      compare(row_code.run(nodes, json), outcomes[i], "%.nf", json)
      bailed = bailed + (outcomes[i].bail and 1 or 0)
    end
    assert.truthy(bailed < 400, bailed)
  end)
end)

describe("chains by chance", function()
  it("give what they give row by row, or bail, as far as they are lifted", function()
    for i = 1, 60 do
      local body = lambdas.body()
      local nodes = { map(body), filter(lambdas.condition()), set(lambdas.value()) }
      nodes[4] = map("r.z = r.x")
      nodes[i % 4 + 1] = nodes[4]
      local lifted = lift.chain(nodes)
      for at = #nodes, math.max(lifted.count, 1) + 1, -1 do
        nodes[at] = nil
      end
      check(nodes, body, true)
    end
  end)
end)

local function column(name, given)
  local field = given:find("^%w+$") and not given:find("%d")
  local expr = field and { kind = "field", name = given, fn = function(r)
    return r[given]
  end } or text.compile(given)
  return { name = name, expr = expr }
end

describe("lifted text expressions give what they give row by row, or bail:", function()
  for _, source in ipairs({
    "status >= 500", "status >= 500 and not (ok or host == 'a')", "status in (200, 500, 301)",
    "host not in ('a', 'b')", "http.method == 'GET'", "http.code > ms", "exists http.code",
    "user is null", "user is not null", "missing is null and not exists missing",
    "path ~ '^/api'", "path ~ '%d+'", "path contains 'pi'", "path starts_with '/a'",
    "path ends_with '.txt'", "not ok", "ok and host or path", "user or ok", "status != 500",
    "user == host", "a != b", "ms / 10 > 5 or -ms < -100", "ms % 7 == 3", "host < 'b'",
    "lower(host) == 'a'", "len(path) > 4", "sub(path, 2, 4) == 'api'", "floor(ms) == ms",
    "tonumber(s) == 5", "match(path, '^(.*)/') == '/a'", "find(path, 'p') > 1",
    "max(ms, status, 3) == status", "host .. path == 'a/api'", "true", "null", "math.pi < ms",
    "status in (status, ms)", "status not in (status, ms)", "not (status < 500)", "ok == true",
    "http.missing.deeper is null", "tostring(status) == '500'", "-3 == n", "not user",
  }) do
    it(source, function()
      check({ { kind = "filter", expr = text.compile(source) } }, source, true)
      check({ { kind = "set", columns = { column("out", "(" .. source .. ")") } } }, source, true)
    end)
  end
end)

describe("a lifted chain", function()
  it("passes what one stage did on to the next", function()
    check({
      filter("r.status >= 200"),
      map("r.x = r.ms * 2 if r.ok then r.y = r.x end"),
      { kind = "set", columns = { column("x", "x + 1"), column("z", "x") } },
      filter("r.x ~= 7 and r.y ~= 'q'"),
      { kind = "drop_fields", fields = { "y", "host" } },
      { kind = "select", columns = { column("status", "status"), column("x", "x"),
        column("both", "z .. path") } },
      filter("r.both ~= nil and r.status ~= 3"),
    }, "a long chain", true)
  end)

  it("goes on behind a table that a map returned", function()
    check({
      map("return { a = r.status, b = r.host, m = r.missing }"),
      map("r.c = r.a + 1 r.b = nil"),
      filter("r.c > 300 and r.status == nil"),
    }, "a projection", true)
  end)

  it("routes", function()
    local node = { kind = "route", routes = {
      { when = filter("r.status >= 500").expr },
      { when = text.compile("ok") },
      { when = filter("r.user").expr },
    } }
    check({ filter("r.ms ~= 1"), node }, "route", true)
  end)

  it("gives keys and what is added to an aggregate", function()
    check({ {
      kind = "aggregate",
      keys = { column("w", "floor(ms / 10)"), column("host", "host") },
      columns = {
        { name = "n", aggregate = { kind = "count" } },
        { name = "bad", aggregate = { kind = "count", where = text.compile("status >= 500") } },
        { name = "avg", aggregate = { kind = "avg", expr = set("r.ms").columns[1].expr,
          where = filter("r.ok").expr } },
      },
    } }, "aggregate", true)
  end)
end)
