local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/host/early.h", "engine/host/state.h")

ffi.cdef("int setenv(const char *name, const char *value, int overwrite);")

local STATE_MIN = 1e6 -- bytes; a worker's modules take more

describe("an early state", function()
  setup(function()
    -- The library carries no modules: the state finds those of the tree.
    assert(ffi.C.setenv("LUA_PATH", "lua/?.lua;lua/?/init.lua;;", 1) == 0)
  end)

  it("has loaded what a worker needs when it is taken, and is given once", function()
    local early = C.weir_early_new()
    local held = tonumber(C.weir_early_memory(early))
    assert.is_true(held > STATE_MIN)
    local host = C.weir_early_take(early)
    assert.equal(held, tonumber(C.weir_host_memory(host)))
    assert.is_true(C.weir_early_take(early) == nil)
    assert.equal(0, tonumber(C.weir_early_memory(early)))
    C.weir_early_free(early)
    C.weir_host_free(host)
  end)

  it("may be given up at any time", function()
    C.weir_early_free(C.weir_early_new())
    C.weir_early_free(nil)
  end)
end)
