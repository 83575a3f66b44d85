local support = require("spec.lua.describe.support")

local function columns(text)
  local loaded = support.load(('weir.from "a" :select%s :to "b"'):format(text))
  return support.node(loaded, "select").columns
end

local function names(text)
  local out = {}
  for i, column in ipairs(columns(text)) do
    out[i] = column.name
  end
  return out
end

local function failure(text)
  return support.failure(('weir.from "a" :select%s :to "b"'):format(text))
end

describe("columns", function()
  it("come out as listed, then the named ones by name", function()
    assert.same({ "ts", "host", "area", "size" },
      names('{ "ts", size = "bytes", "host", area = "path" }'))
    assert.same({ "ts", "host" }, names('("ts", "host")'))
    assert.same({ "ts" }, names('"ts"'))
  end)

  it("take plain names bare, as fields", function()
    for _, name in ipairs({ "ts", "user-agent", "First Name", "größe", "_id" }) do
      local column = columns(("{ %q }"):format(name))[1]
      assert.equal(name, column.name)
      assert.equal("field", column.expr.kind)
      assert.equal(7, column.expr.fn({ [name] = 7 }))
    end
  end)

  for _, call in ipairs({
    ":select{ 'a\\255' }", ":select{ ['a\\255'] = 'ms' }", ":set{ ['a\\255'] = 'ms' }",
    ":rename{ ['a\\255'] = 'ms' }", ":rename{ ms = 'a\\255' }", ":drop_fields('b', 'a\\255')",
    ":parse('json', { field = 'a\\255' })", ":parse('json', { into = 'a\\255' })",
    ":top{ n = 1, by = 'ms', into = 'a\\255' }",
    ":group_by('a\\255'):aggregate{ n = weir.count() }",
    ":parse(weir.lines{ field = 'a\\255' })", ":parse(weir.csv{ columns = { 'a\\255' } })",
    ":aggregate{ ['a\\255'] = weir.count() }",
  }) do
    it("refuse names that are not UTF-8: " .. call, function()
      local message = support.failure(('weir.from "a" %s:to "b"'):format(call))
      assert.matches('the field name "a\\255" is not valid UTF-8; save the script as UTF-8',
        message, 1, true)
      assert.matches("^[^\n]+:%d+: ", message)
    end)
  end

  local expressions = { "a.b", "tags[1]", "a + b", "a - b", "x == 1", "@path", "f(x)", "'x'", "" }
  for _, name in ipairs(expressions) do
    it(("refuse %q bare, since no field is called that"):format(name), function()
      local message = failure(("{ %q }"):format(name))
      assert.matches("is not a plain field name; give it one", message, 1, true)
    end)
  end

  it("refuse what they cannot be", function()
    assert.matches('two columns are called "a"', failure('{ "a", a = "b" }'), 1, true)
    assert.matches('column "a" must be a text expression or a function(r), not an empty table',
      failure("{ a = {} }"), 1, true)
    assert.matches("columns such as", failure("{}"), 1, true)
    assert.matches("columns such as", failure("()"), 1, true)
    assert.matches("3 needs a name", failure("{ 3 }"), 1, true)
    assert.matches("a column's name is a text, not 0.5", failure('{ [0.5] = "a" }'), 1, true)
  end)
end)
