--- Reads weir's own files: from the binary that carries them, or from the tree.
--
--     tree.read("engine/base/err.h")       --> text
--     tree.list("scripts/packs/patterns/") --> { "scripts/packs/patterns/dpkg", ... }

local M = {}

-- The host preloads this in the binary; a spec runs in plain luajit.
local carried = package.preload["weir.embedded"] and require("weir.embedded")

local root = debug.getinfo(1, "S").source:match("^@(.*)lua/weir/tree%.lua$") or ""

--- The bytes of a file, or nil if weir has none of that path.
---@param path string  from the repository root
function M.read(path)
  if carried then
    return carried.find(path)
  end
  local file = io.open(root .. path, "rb")
  if not file then
    return nil
  end
  local bytes = file:read("*a")
  file:close()
  return bytes
end

--- The paths of all files whose path starts so, sorted; READMEs are no part of it.
---@param prefix string  a directory with its slash: "scripts/packs/"
function M.list(prefix)
  if carried then
    return carried.list(prefix)
  end
  local paths = {}
  local find = io.popen(("find '%s%s' -type f ! -name README.md 2>/dev/null"):format(root, prefix))
  for path in find:lines() do
    paths[#paths + 1] = path:sub(#root + 1)
  end
  find:close()
  table.sort(paths)
  return paths
end

return M
