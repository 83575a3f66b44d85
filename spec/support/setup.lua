--- Runs before the specs: gives them the engine, as the binary gives it to scripts.

local ffi = require("ffi")

ffi.cdef("int unsetenv(const char *name);")

-- Under a sanitizer this process is made to carry it; the programs it starts have it
-- built in or do without. They free all they hold, so their leaks are looked for.
ffi.C.unsetenv("LD_PRELOAD")
ffi.C.unsetenv("ASAN_OPTIONS")

-- Globally, so that ffi.C finds it, as in the binary.
local library = ffi.load("./" .. (os.getenv("BUILD") or "build") .. "/libweir.so", true)

-- Anchored: an unloaded library would take the functions with it.
package.loaded["spec.support.library"] = { library }

package.preload["weir.plain"] = assert(package.loadlib(
  "./" .. (os.getenv("BUILD") or "build") .. "/libweir.so", "weir_plain_open"))

-- A metatype is for ever, while busted loads modules anew for each file; so the one
-- that has them comes first.
require("weir.native.record")

-- Compiled loops over pairs may crash the LuaJIT of 2022 (engine/host/next.h). So they
-- are not compiled here either, nor is the hottest one of busted's.
local builtin_next = next

local function interpreted_next(t, key)
  return builtin_next(t, key)
end

jit.off(interpreted_next)
jit.off(require("luassert.util").deepcompare, true)

_G.next = interpreted_next
_G.pairs = function(t)
  return interpreted_next, t, nil
end
