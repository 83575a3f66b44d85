local secret = require("weir.lib.secret")
local support = require("spec.lua.describe.support")

local TAIL = ' weir.from "a" :to "b"'

local function values(declaration, given)
  given = given or {}
  given.env = given.env or function() end
  local g = support.load("p = weir.params" .. declaration .. TAIL, given)
  return _G.p, g
end

local function failure(declaration, given)
  given = given or {}
  given.env = given.env or function() end
  return support.failure("p = weir.params" .. declaration .. TAIL, given)
end

describe("params", function()
  it("have their defaults, types kept", function()
    local p = values('{ limit = 0.05, env = "prod", dry = false }')
    assert.equal(0.05, p.limit)
    assert.equal("prod", p.env)
    assert.equal(false, p.dry)
  end)

  it("are set by --set, then the file, then the environment", function()
    local function env(name)
      return name == "WEIR_PARAM_LIMIT" and "3" or nil
    end
    local p, g = values("{ limit = 1 }", { env = env })
    assert.equal(3, p.limit)
    assert.equal("WEIR_PARAM_LIMIT", g.params.limit.from)
    assert.equal(4, (values("{ limit = 1 }", { env = env, file = { limit = 4 } })).limit)
    local given = { env = env, file = { limit = 4 }, set = { limit = "5.5" } }
    assert.equal(5.5, (values("{ limit = 1 }", given)).limit)
  end)

  it("convert texts to the type of the default", function()
    local given = { set = { n = "0.05", b = "false", s = "7" } }
    local p = values('{ n = 1, b = true, s = "x" }', given)
    assert.equal(0.05, p.n)
    assert.equal(false, p.b)
    assert.equal("7", p.s)
  end)

  it("may be empty texts", function()
    assert.equal("", values('{ s = "" }').s)
    assert.equal("", values('{ s = "x" }', { set = { s = "" } }).s)
  end)

  it("say what does not fit, and where it came from", function()
    assert.equal('traffic.lua:1: parameter "n", from --set, must be a number, not "x"',
      failure("{ n = 1 }", { set = { n = "x" } }))
    assert.matches('from --set, must be true or false, not "yes"',
      failure("{ b = true }", { set = { b = "yes" } }), 1, true)
    assert.matches("must be a whole number, not 1.5",
      failure('{ n = weir.param{ type = "integer" } }', { set = { n = "1.5" } }), 1, true)
    assert.matches('has a function for a default', failure("{ n = print }"), 1, true)
    assert.matches("takes one table", failure("(3)"), 1, true)
    assert.matches("a parameter's name is a word, not 1", failure('{ "x" }'), 1, true)
  end)

  it("without a default must be given", function()
    local declared = '{ hook = weir.param{ type = "string", help = "gets the alerts" } }'
    assert.equal('traffic.lua:1: parameter "hook" must be given: --set hook=... (gets the alerts)',
      failure(declared))
    assert.equal("u", (values(declared, { set = { hook = "u" } })).hook)
  end)

  it("check durations and sizes, and leave them texts", function()
    local declared = '{ every = weir.param{ type = "duration", default = "10s" } }'
    assert.equal("1h", (values(declared, { set = { every = "1h" } })).every)
    assert.matches("must be a duration", failure(declared, { set = { every = "soon" } }), 1, true)
  end)

  it("refuse what was not declared", function()
    assert.matches('no parameter is called "limt"; did you mean "limit"?',
      failure("{ limit = 1 }", { set = { limt = "2" } }), 1, true)
    assert.matches('no parameter is called "x"; the script has none',
      support.failure(TAIL, { set = { x = "2" } }), 1, true)
    assert.matches('no parameter is called "limt"; did you mean "limit"?',
      support.failure("local p = weir.params{ limit = 1 }; local x = p.limt"), 1, true)
    assert.matches('"a" is declared at traffic.lua:1 already',
      support.failure("weir.params{ a = 1 }\nweir.params{ a = 1 }"), 1, true)
  end)

  it("know their types", function()
    local message = failure('{ a = weir.param{ type = "str" } }')
    assert.matches('"string" or "number" or', message, 1, true)
    assert.matches('option "type" is required', failure("{ a = weir.param{} }"), 1, true)
  end)
end)

describe("secret", function()
  it("goes into options and nowhere else", function()
    local g = support.load([[
weir.from "a" :to(weir.sqlite{ path = weir.secret "DB", table = "t" })]])
    assert.equal("DB", secret.name_of(g.nodes[2].sink.path))
    assert.equal("***", tostring(g.nodes[2].sink.path))
    assert.matches("cannot be joined to a text",
      support.failure('local x = weir.secret "DB" .. "x"'), 1, true)
    local message = support.failure('weir.from "a" :filter(weir.secret "DB")')
    assert.matches("not a secret", message, 1, true)
    assert.matches("weir.secret: a name is needed", support.failure("weir.secret(3)"), 1, true)
  end)
end)
