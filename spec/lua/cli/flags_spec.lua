local flags = require("weir.cli.flags")

local list = {
  { name = "workers", kind = "integer", min = 1, value = "N" },
  { name = "set", kind = "string", value = "NAME=VALUE", repeated = true },
  { name = "eval", short = "e", kind = "string", value = "CHAIN" },
  { name = "quiet", short = "q" },
  { name = "max-memory", kind = "size", value = "SIZE" },
  { name = "max-errors", kind = { "integer", "share" }, by_kind = true, value = "N" },
  { name = "summary", kind = "enum", values = { "text", "json" }, value = "FORM" },
}

local function parse(...)
  return flags.parse({ ... }, list)
end

local function refusal(...)
  local given, message = flags.parse({ ... }, list)
  assert.is_nil(given)
  return message
end

describe("the command line", function()
  it("takes a value behind a blank, behind =, and behind a letter", function()
    assert.same({ workers = 3 }, parse("--workers", "3").values)
    assert.same({ workers = 3 }, parse("--workers=3").values)
    assert.same({ eval = ":take(1)" }, parse("-e", ":take(1)").values)
    assert.same({ eval = ":take(1)" }, parse("-e:take(1)").values)
  end)

  it("keeps = in a value", function()
    assert.same({ set = { "a=b=c" } }, parse("--set=a=b=c").values)
  end)

  it("collects flags that may be repeated", function()
    assert.same({ set = { "a=1", "b=2" } }, parse("--set", "a=1", "--set", "b=2").values)
  end)

  it("writes names with underscores, and quantities in their unit", function()
    assert.same({ max_memory = 64 * 2 ^ 20 }, parse("--max-memory", "64MiB").values)
  end)

  it("tells a count from a share", function()
    assert.same({ max_errors = { integer = 1 } }, parse("--max-errors", "1").values)
    assert.same({ max_errors = { share = 1 } }, parse("--max-errors", "100%").values)
  end)

  it("mixes flags and words in any order, - being a word", function()
    local given = parse("a.lua", "-q", "-", "--workers", "2", "b.lua")
    assert.same({ "a.lua", "-", "b.lua" }, given.plain)
    assert.same({ quiet = true, workers = 2 }, given.values)
  end)

  it("leaves everything behind -- to the script", function()
    local given = parse("a.lua", "--", "--quiet", "--", "x")
    assert.same({ "a.lua" }, given.plain)
    assert.same({ "--quiet", "--", "x" }, given.after)
    assert.same({}, given.values)
  end)

  it("names the nearest flag", function()
    assert.equal('weir: unknown flag --wrokers; did you mean "--workers"?', refusal("--wrokers"))
    assert.equal("weir: unknown flag -z", refusal("-z"))
  end)

  it("says what a value should have been", function()
    assert.equal('weir: --workers must be a whole number of at least 1, not "x"',
      refusal("--workers", "x"))
    assert.equal("weir: --workers must be a whole number of at least 1, not 0",
      refusal("--workers=0"))
    assert.equal('weir: --summary must be "text" or "json", not "jsn"; did you mean "json"?',
      refusal("--summary=jsn"))
    assert.matches('--max%-memory must be a size such as "64KiB"', refusal("--max-memory", "lots"))
  end)

  it("says what is missing or too much", function()
    assert.equal("weir: --workers needs a value: --workers N", refusal("--workers"))
    assert.equal("weir: --quiet takes no value", refusal("--quiet=1"))
  end)
end)
