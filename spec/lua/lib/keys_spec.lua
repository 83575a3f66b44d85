local keys = require("weir.lib.keys")

describe("the keys of a table", function()
  it("come as numbers, then strings in byte order, then booleans", function()
    local t = { [10] = 1, [9] = 1, ["10"] = 1, a = 1, B = 1, [true] = 1, [false] = 1, [-0.5] = 1 }
    assert.same({ -0.5, 9, 10, "10", "B", "a", false, true }, keys.sorted(t))
  end)

  it("come in some order whatever they are", function()
    local t = {}
    for i = 1, 50 do
      t[i % 2 == 0 and {} or print] = i
      t[("%d"):format(i)], t[i] = i, i
    end
    assert.equal(126, #keys.sorted(t))
  end)

  it("are none of an empty table", function()
    assert.same({}, keys.sorted({}))
  end)
end)
