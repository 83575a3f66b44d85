--- Writes the C file that carries weir's own files inside the binary.
--
--     luajit scripts/dev/embed.lua build/carried.c lua/weir/cdef.lua ...
--
-- Lua goes in as bytecode that keeps its line numbers, C headers without their
-- comments, everything else as it is. The bytes lie in one file beside the C file,
-- which the assembler includes: a hundred times faster than compiling them.

local out, paths = arg[1], { unpack(arg, 2) }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

local function write(path, bytes)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  file:close()
end

-- LuaJIT's own modules are looked for beside weir's.
local function name_of(path)
  return (path:gsub("^.*/(jit/[^/]+%.lua)$", "lua/%1"))
end

local function bytes_of(path)
  if path:find("%.lua$") and not path:find("^scripts/") then
    return string.dump(assert(loadfile(path)))
  elseif path:find("%.h$") then
    return (read(path):gsub("//[^\n]*", ""):gsub("\n%s*\n+", "\n"))
  end
  return read(path)
end

local names, files = {}, {}
for _, path in ipairs(paths) do
  local name = name_of(path)
  names[#names + 1] = name
  files[name] = bytes_of(path)
end
table.sort(names)  -- weir_embedded_find halves the list

local blob, rows, at = {}, {}, 0
for i, name in ipairs(names) do
  blob[i] = files[name] .. "\0"
  rows[i] = ('    {"%s", blob + %d, %d},\n'):format(name, at, #files[name])
  at = at + #blob[i]
end

local blob_path = out:gsub("%.c$", ".bin")
write(blob_path, table.concat(blob))
write(out, ([[
// Written by scripts/dev/embed.lua.

#include "engine/host/embed.h"

extern const char blob[] __asm__("weir_embedded_blob");
__asm__(".pushsection .rodata\n"
        "weir_embedded_blob: .incbin \"%s\"\n"
        ".byte 0\n"
        ".popsection\n");

const weir_embedded weir_embedded_files[] = {
%s    {0, blob, 0},
};
const size_t weir_embedded_count = %d;
]]):format(blob_path, table.concat(rows), #names))
