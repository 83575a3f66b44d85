local errors = require("weir.lib.errors")

local function load_user(text)
  return assert(loadstring(text, "@traffic.lua"))
end

describe("errors", function()
  it("find the script's line, not weir's", function()
    local chunk = load_user("local where = ...\n\nlocal x = where()\nreturn x")
    assert.equal("traffic.lua:3", chunk(errors.where))
  end)

  it("find the line where a function was written", function()
    assert.equal("traffic.lua:2", errors.where_of(load_user("\nreturn function() end")()))
  end)

  it("show values as a message can carry them", function()
    assert.equal('"x"', errors.show("x"))
    assert.equal("nothing", errors.show(nil))
    assert.equal("a function", errors.show(print))
    assert.equal("12", errors.show(12))
    assert.is_true(#errors.show(("x"):rep(1000)) < 70)
  end)
end)
