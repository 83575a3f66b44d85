local options = require("weir.lib.options")
local secret = require("weir.lib.secret")

local context = { subject = "filter", where = "traffic.lua:7" }

local function check(spec, given)
  return options.check(spec, given, context)
end

local function message(spec, given)
  local ok, err = pcall(check, spec, given)
  assert.is_false(ok)
  return err
end

describe("options", function()
  local spec = {
    where = { kind = "string" },
    every = { kind = "duration", default = "10s" },
    max_record = { kind = "size" },
    rate = { kind = "rate" },
    keep = { kind = "share" },
    overflow = { kind = "enum", values = { "stop", "spill" } },
    max_open = { kind = "integer", min = 1, max = 10 },
    max_errors = { kind = { "integer", "share" }, min = 0 },
    header = { kind = "boolean" },
    path = { kind = "list" },
  }

  it("gives defaults and carries the unit in the name", function()
    assert.same({ every_ns = 10e9 }, check(spec, nil))
    assert.same(
      { every_ns = 1e6, max_record_bytes = 1024, rate_per_s = 2, keep = 0.5 },
      check(spec, { every = "1ms", max_record = "1KiB", rate = "2/s", keep = "50%" })
    )
  end)

  it("names the nearest option at the script's line", function()
    local text = message(spec, { wher = "x" })
    assert.matches('^traffic%.lua:7: filter: unknown option "wher"; did you mean "where"%?', text)
    assert.matches("valid: every, header, keep", text, 1, true)
  end)

  it("lists the valid ones when none is near", function()
    assert.matches('unknown option "zz"; valid: every, header', message(spec, { zz = 1 }), 1, true)
    assert.matches("it takes none", message({}, { zzz = 1 }), 1, true)
    assert.matches("unknown option 1", message(spec, { "x" }), 1, true)
  end)

  it("says what it wanted and what it got", function()
    assert.equal(
      'traffic.lua:7: filter: option "max_open" must be a whole number from 1 to 10, not 11',
      message(spec, { max_open = 11 })
    )
    assert.matches('"stop" or "spill", not "spil"; did you mean "spill"?',
      message(spec, { overflow = "spil" }), 1, true)
    assert.matches('at least 0 or a share such as 0.01 or "1%", not an empty table',
      message(spec, { max_errors = {} }), 1, true)
    assert.matches('a duration that is not below zero, not "-1s"', message(spec, { every = "-1s" }),
      1, true)
    assert.matches("true or false, not \"yes\"", message(spec, { header = "yes" }), 1, true)
    assert.matches("options are one table, not 3", message(spec, 3), 1, true)
  end)

  it("keeps false", function()
    assert.same(false, check(spec, { header = false }).header)
  end)

  it("asks for what is required, with an example", function()
    local text = message({ by = { kind = "list", required = true, usage = 'by = "-price"' } }, {})
    assert.equal(
      'traffic.lua:7: filter: option "by" is required; for example by = "-price"', text)
  end)

  it("takes a text for a list of one, and a secret for a text", function()
    assert.same({ "a" }, check(spec, { path = "a" }).path)
    local token = secret.new("TOKEN")
    assert.equal(token, check(spec, { where = token }).where)
    assert.equal("***", tostring(token))
    assert.equal("TOKEN", secret.name_of(token))
    assert.has_error(function()
      return token .. "x"
    end)
  end)

  it("does not keep the caller's table", function()
    local given = { header = true }
    local out = check(spec, given)
    given.header = false
    assert.is_true(out.header)
  end)
end)
