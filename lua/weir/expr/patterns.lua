--- The stock patterns, by name: "nginx.access", "dpkg".
--
-- They live in scripts/packs/patterns, one file for each software, and are read when
-- the first name is asked for.

local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")
local tree = require("weir.tree")

local M = {}

local PLACE = "scripts/packs/patterns/"

local packs

local function load_packs()
  local found = {}
  for _, path in ipairs(tree.list(PLACE)) do
    local chunk = assert(loadstring(tree.read(path), "=" .. path))
    for name, pack in pairs(setfenv(chunk, {})()) do
      assert(found[name] == nil, "two packs have a pattern " .. name)
      found[name] = pack
    end
  end
  return found
end

--- The names of all stock patterns, sorted.
function M.list()
  packs = packs or load_packs()
  return keys.sorted(packs)
end

--- The stock pattern of that name: `pattern`, `define`, `example`. Or nil and a
--- message that names the nearest.
---@param name string
function M.find(name)
  packs = packs or load_packs()
  local pack = packs[name]
  if pack then
    return pack
  end
  return nil, ('no stock pattern is called "%s"%s'):format(name, nearest.hint(name, M.list()))
end

return M
