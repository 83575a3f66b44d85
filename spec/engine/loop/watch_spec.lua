local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/base/err.h", "engine/loop/net.h", "engine/loop/watch.h")

local PATIENCE_NS = 300e9

describe("a watch", function()
  local net, watch

  before_each(function()
    local out = ffi.new("weir_net *[1]")
    assert(C.weir_net_new(out) == 0)
    net, watch = out[0], C.weir_watch_new(out[0])
    os.execute("mkdir -p " .. support.path())
  end)

  after_each(function()
    C.weir_watch_free(watch)
    C.weir_net_free(net)
    support.clean()
  end)

  local function add(...)
    C.weir_watch_begin(watch)
    local code
    for _, directory in ipairs({ ... }) do
      code = C.weir_watch_add(watch, directory)
    end
    C.weir_watch_end(watch)
    return code
  end

  local function changes()
    local out, change = {}, ffi.new("weir_change")
    while C.weir_watch_take(watch, change) == C.WEIR_OK do
      out[("%d %s"):format(tonumber(change.kind), ffi.string(change.name))] = true
    end
    return out
  end

  -- Waits until such a change has been told; a wait that ends without one fails.
  local function await(expected)
    for _ = 1, 100 do
      if changes()[expected] then
        return
      end
      C.weir_net_wait(net, PATIENCE_NS)
    end
    error("never told: " .. expected)
  end

  it("tells of names that come and go, and of files that are written", function()
    assert.equal(1, add(support.path()))
    support.write("a", "1")
    await("1 a")
    support.write("a", "2")
    await("0 a")
    os.rename(support.path("a"), support.path("b"))
    await("1 b")
    os.remove(support.path("b"))
    await("1 b")
    assert.same({}, changes())
  end)

  it("knows what it watches already, and what was made anew", function()
    local sub = support.path("sub")
    os.execute("mkdir " .. sub)
    assert.equal(1, add(sub))
    assert.equal(0, add(sub))
    os.execute(("mv %s %s.old; mkdir %s"):format(sub, sub, sub))
    assert.equal(1, add(sub))
    support.write("sub/a", "1")
    await("1 a")
  end)

  it("lets go of what is not added again", function()
    os.execute("mkdir " .. support.path("x") .. " " .. support.path("y"))
    add(support.path("x"), support.path("y"))
    add(support.path("y"))
    support.write("x/a", "1")
    support.write("y/b", "1")
    await("1 b")
    assert.is_nil(changes()["1 a"])
  end)

  it("says that there were too many, rather than forget some", function()
    add(support.path())
    for i = 1, 100 do
      support.write("file" .. i, "1")
    end
    local any = ("%d "):format(C.WEIR_CHANGE_ANY)
    for _ = 1, 100 do
      C.weir_net_wait(net, PATIENCE_NS)
      local told = changes()
      if told[any] then
        return
      end
    end
    error("never told")
  end)

  it("says what cannot be watched", function()
    assert.is_true(add(support.path("nowhere")) < 0)
  end)
end)
