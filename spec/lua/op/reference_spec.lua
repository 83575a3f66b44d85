local model = require("spec.support.model")
local null = require("weir.lib.null").null
local support = require("spec.lua.describe.support")

-- What a chain gives for rows, and what its last stage sets aside.
local function run(chain, rows, decode)
  local g = support.load(('local s = weir.from "in"%s :name "last"; s:to "out"'):format(chain))
  local before = model.run(g, rows, decode)
  return before["file:out"]["in"], before.last.dead or {}
end

local function gives(chain, rows, expected, failed)
  local out, dead = run(chain, rows)
  assert.same(expected, out)
  assert.equal(failed or 0, #dead)
  return dead
end

-- The outputs of the last stage by port.
local function ports(chain, rows, tail)
  local g = support.load(('local a, b = weir.from "in"%s\n%s'):format(chain, tail))
  local kind = chain:match(":(%w+)")
  return model.run(g, rows)[kind]
end

describe("the models of operators", function()
  it("filter: nil, false and null do not hold, and an error is no pass", function()
    gives(":filter(function(r) return r.x end)",
      { { x = 1 }, { x = false }, { x = null }, {}, { x = "" } }, { { x = 1 }, { x = "" } })
    gives(":filter(function(r) return r.x > 1 end)", { { x = 2 }, {} }, { { x = 2 } }, 1)
    gives(':filter "x > 1"', { { x = 2 }, {}, { x = null } }, { { x = 2 } })
  end)

  it("never change their input", function()
    local rows = { { x = 1, t = { 1 } } }
    run(":map(function(r) r.x = 2; r.t[1] = 2 end)", rows)
    run(":set{ y = 3 }:rename{ z = 'y' }:drop_fields('x'):sort{ by = 'z' }", rows)
    run(":top{ n = 1, by = 'x' }", rows)
    assert.same({ { x = 1, t = { 1 } } }, rows)
  end)

  it("map: what was changed before an error is not kept", function()
    local dead = gives(":map(function(r) r.x = 9; error('no') end)", { { x = 1 } }, {}, 1)
    assert.same({ x = 1 }, dead[1].record)
    gives(":map(function(r) return 3 end)", { {} }, {}, 1)
    gives(":map(function(r) return { y = r.x } end)", { { x = 1 } }, { { y = 1 } })
  end)

  it("flat_map: a bad item takes the whole list with it", function()
    gives(":flat_map 'items'", { { items = { { a = 1 }, { a = 2 } } }, { items = {} } },
      { { a = 1 }, { a = 2 } })
    gives(":flat_map 'items'", { { items = { { a = 1 }, 2 } }, {} }, {}, 2)
  end)

  it("select: a missing column is left out, null stays", function()
    gives(":select('a', 'b')", { { a = null, c = 1 } }, { { a = null } })
  end)

  it("set: all expressions see the record as it came", function()
    gives(":set{ a = 'b', b = 'a' }", { { a = 1, b = 2 } }, { { a = 2, b = 1 } })
    gives(":set{ a = function() return nil end }", { { a = 1, b = 2 } }, { { b = 2 } })
  end)

  it("rename: names can be swapped; what is missing stays missing", function()
    gives(":rename{ a = 'b', b = 'a' }", { { a = 1, b = 2 }, { b = 3 } },
      { { a = 2, b = 1 }, { a = 3 } })
    gives(":rename{ a = 'b' }", { { a = 1, b = 2 }, { a = 1 } }, { { a = 2 }, { a = 1 } })
  end)

  it("sample: an even share, and one fate for all records of a key", function()
    local rows = {}
    for n = 1, 10 do
      rows[n] = { n = n, k = n % 4 }
    end
    gives(":sample{ keep = 0 }", rows, {})
    gives(":sample{ keep = 1 }", rows, rows)
    gives(":sample{ keep = '30%' }", rows, { rows[4], rows[7], rows[10] })
    gives(":sample{ keep = 0.5, key = 'k' }", rows, { rows[2], rows[4], rows[6], rows[8],
      rows[10] })
  end)

  it("batch: so many records as one, and the rest", function()
    gives(":batch{ records = 2 }", { { n = 1 }, { n = 2 }, { n = 3 } },
      { { records = { { n = 1 }, { n = 2 } }, count = 2 }, { records = { { n = 3 } }, count = 1 } })
    gives(":batch{ every = '1s' }", {}, {})
  end)

  it("take and skip: any number, none included", function()
    local rows = { { n = 1 }, { n = 2 } }
    gives(":take(0)", rows, {})
    gives(":take(5)", rows, rows)
    gives(":skip(5)", rows, {})
    gives(":skip(0)", rows, rows)
  end)

  it("tap: what fn changes does not pass", function()
    gives(":tap(function(r) r.x = 2 end)", { { x = 1 } }, { { x = 1 } })
  end)

  it("parse: adds what it finds, and replaces the text unless told to keep it", function()
    local function decode(text)
      return text == "ok" and { level = "warn", x = 2 } or nil, "does not fit"
    end
    local rows = { { message = "ok", x = 1 }, { message = "bad" }, { x = 1 }, { message = 3 } }
    local out, dead = run(":parse 'json'", rows, decode)
    assert.same({ { level = "warn", x = 2 } }, out)
    assert.equal(3, #dead)
    assert.same({ { message = "ok", x = 1, p = { level = "warn", x = 2 } } },
      (run(":parse('json', { into = 'p', keep_field = true })", rows, decode)))
  end)

  it("route: the first that holds, or with all every one", function()
    local routes = ':route({ { "a", when = "x > 1" }, { "b", when = "x > 2" } }%s)'
    local tail = "a.a:to 'A'; a.b:to 'B'"
    local rows = { { x = 1 }, { x = 2 }, { x = 3 } }
    local out = ports(routes:format(""), rows, tail)
    assert.same({ { x = 2 }, { x = 3 } }, out.a)
    assert.is_nil(out.b)
    assert.same({ { x = 1 } }, out.default)
    out = ports(routes:format(", { all = true }"), rows, tail)
    assert.same({ { x = 2 }, { x = 3 } }, out.a)
    assert.same({ { x = 3 } }, out.b)
  end)

  it("split: in two by a condition, in n by turns or by key", function()
    local tail = "a:to 'A'; b:to 'B'"
    local rows = { { x = 1 }, { x = 2 }, { x = 1 }, {} }
    local out = ports(":split 'x > 1'", rows, tail)
    assert.same({ { x = 2 } }, out.yes)
    assert.same({ { x = 1 }, { x = 1 }, {} }, out.no)
    out = ports(":split(2)", rows, tail)
    assert.same({ { x = 1 }, { x = 1 } }, out["1"])
    out = ports(":split(2, { key = 'x' })", rows, tail)
    assert.same({ { x = 1 }, { x = 1 }, {} }, out["1"])
    assert.same({ { x = 2 } }, out["2"])
  end)

  it("aggregate: groups in the order of their first records, missing and null as one", function()
    gives(":group_by('k'):aggregate{ n = weir.count() }",
      { { k = "b" }, {}, { k = "a" }, { k = null }, { k = "b" }, { k = 1 }, { k = "1" } }, {
        { k = "b", n = 2 },
        { k = null, n = 2 },
        { k = "a", n = 1 },
        { k = 1, n = 1 },
        { k = "1", n = 1 },
      })
  end)

  it("aggregate: of nothing at all is one record, of no groups none", function()
    local all = ":aggregate{ n = weir.count(), s = weir.sum('x'), m = weir.max('x') }"
    gives(all, {}, { { n = 0, s = 0, m = null } })
    gives(":group_by('k')" .. all, {}, {})
  end)

  it("aggregate: a record that fails in one counts in none", function()
    gives(":aggregate{ n = weir.count(), s = weir.sum('x') }",
      { { x = 1 }, { x = "2" }, { x = null }, {} }, { { n = 3, s = 1 } }, 1)
    gives(":group_by('k'):aggregate{ s = weir.sum('x') }",
      { { k = 1, x = "2" }, { k = 2, x = 2 } }, { { k = 2, s = 2 } }, 1)
  end)

  it("aggregate: knows each aggregate, with and without where", function()
    local rows = { { x = 3 }, { x = null }, { x = 1 }, { x = 2, skip = true } }
    local function each(options)
      local out = {}
      for _, kind in ipairs({ "sum", "avg", "min", "max", "first", "last" }) do
        out[#out + 1] = ("%s = weir.%s('x', %s)"):format(kind, kind, options)
      end
      return (":aggregate{ %s }"):format(table.concat(out, ", "))
    end
    gives(each("{}"), rows, { { sum = 6, avg = 2, min = 1, max = 3, first = 3, last = 2 } })
    gives(each("{ where = 'not skip' }"), rows,
      { { sum = 4, avg = 2, min = 1, max = 3, first = 3, last = 1 } })
    gives(":aggregate{ a = weir.min('x'), b = weir.max('x') }", { { x = "b" }, { x = "a" } },
      { { a = "a", b = "b" } })
    gives(":aggregate{ a = weir.min('x'), b = weir.max('x') }",
      { { x = "b" }, { x = 1 }, { x = {} } }, { { a = 1, b = "b" } }, 1)
  end)

  it("sort: keeps equal ones in order, missing and null last both ways", function()
    local rows = {
      { x = 2, n = 1 },
      { n = 2 },
      { x = 1, n = 3 },
      { x = null, n = 4 },
      { x = 2, n = 5 },
    }
    local function order(chain)
      local out = {}
      for i, row in ipairs((run(chain, rows))) do
        out[i] = row.n
      end
      return table.concat(out, " ")
    end
    assert.equal("3 1 5 2 4", order(":sort{ by = 'x' }"))
    assert.equal("1 5 3 2 4", order(":sort{ by = '-x' }"))
    assert.equal("5 1 3 4 2", order(":sort{ by = { '-x', '-n' } }"))
  end)

  it("sort: booleans, numbers, texts; a table is set aside", function()
    gives(":sort{ by = 'x' }", { { x = "a" }, { x = true }, { x = {} }, { x = 1 }, { x = false } },
      { { x = false }, { x = true }, { x = 1 }, { x = "a" } }, 1)
  end)

  it("top: places, keys and ties", function()
    local rows = { { k = "a", x = 1 }, { k = "b", x = 5 }, { k = "a", x = 3 }, { k = "a", x = 3 } }
    gives(":top{ n = 2, by = '-x' }", rows,
      { { k = "b", x = 5, rank = 1 }, { k = "a", x = 3, rank = 2 } })
    gives(":top{ n = 2, by = '-x', ties = true, into = 'place' }", rows, {
      { k = "b", x = 5, place = 1 },
      { k = "a", x = 3, place = 2 },
      { k = "a", x = 3, place = 2 },
    })
    gives(":top{ n = 1, by = '-x', key = 'k' }", rows,
      { { k = "a", x = 3, rank = 1 }, { k = "b", x = 5, rank = 1 } })
  end)

  it("on_error: skips, stops or replaces", function()
    local fails = ":filter(function(r) return r.x > 1 end, { on_error = %s })"
    gives(fails:format('"skip"'), { { x = 2 }, {} }, { { x = 2 } })
    gives(fails:format("function(err, r) return { bad = true } end"), { {}, { x = 2 } },
      { { bad = true }, { x = 2 } })
    assert.has_error(function()
      run(fails:format('"stop"'), { {} })
    end)
  end)
end)
