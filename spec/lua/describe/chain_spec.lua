local chain = require("weir.describe.chain")
local support = require("spec.lua.describe.support")

local function names(text)
  return support.names(support.load_chain(text))
end

describe("one-liner", function()
  it("is a chain that ends in standard output", function()
    assert.same({ "file:in.jsonl", "filter", "select", "stdout" },
      names(':filter "status >= 500":select("ts", "path")'))
  end)

  it("ends where it says, if it says so", function()
    assert.same({ "file:in.jsonl", "filter", "file:x.csv" }, names(':filter "x" :to "x.csv"'))
    assert.same({ "file:in.jsonl", "file:x.csv", "filter", "stdout" },
      names(':to "x.csv" :filter "x"'))
  end)

  it("knows a :to in a text, in brackets and in a comment from one of its own", function()
    for _, text in ipairs({
      ':filter "a == \':to\'"',
      ":filter 'a == \"\\':to\"'",
      ":filter [[a == ':to' ]]",
      ":pipe(function(s) s:to 'y' return s end)",
      ":skip(1) -- :to 'x'",
      ":skip(1) --[[ :to 'x' ]]",
      ":map(function(r) r.x = r.s:sub(1) end)",
    }) do
      local found = names(text)
      assert.equal("stdout", found[#found], text)
    end
  end)

  it("has the weir module at hand", function()
    assert.same({ "file:in.jsonl", "aggregate:x", "stdout" },
      names(':group_by("x"):aggregate{ n = weir.count() }'))
  end)

  it("names its own line in messages", function()
    local ok, message = pcall(names, ":filter 'x'\n:filtr 'y'")
    assert.is_false(ok)
    assert.matches('^%-e:%d: a stream has no method "filtr"; did you mean "filter"%?', message)
  end)

  it("begins with a colon", function()
    local source, expected = chain.source('filter "x"')
    assert.is_nil(source)
    assert.matches("^a chain such as ':filter", expected)
  end)
end)
