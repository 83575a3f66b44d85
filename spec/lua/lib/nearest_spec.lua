local nearest = require("weir.lib.nearest")

describe("nearest name", function()
  local names = { "filter", "map", "flat_map", "where", "select", "set" }

  for typed, meant in pairs({
    wher = "where",
    fliter = "filter",
    flatmap = "flat_map",
    Select = "select",
    maap = "map",
  }) do
    it(("takes %q for %q"):format(typed, meant), function()
      assert.equal(meant, nearest.find(typed, names))
    end)
  end

  it("guesses nothing where nothing is near", function()
    assert.is_nil(nearest.find("kafka", names))
    assert.is_nil(nearest.find("x", names))
    assert.is_nil(nearest.find("", names))
    assert.is_nil(nearest.find(("a"):rep(10000), names))
  end)

  it("does not depend on the order of the list", function()
    assert.equal("aab", nearest.find("aaa", { "aac", "aab" }))
    assert.equal("aab", nearest.find("aaa", { "aab", "aac" }))
  end)

  it("ends a message, or adds nothing to it", function()
    assert.equal('; did you mean "where"?', nearest.hint("wher", names))
    assert.equal("", nearest.hint("zzzz", names))
  end)
end)
