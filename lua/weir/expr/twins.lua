--- The function as its user wrote it, for each that the loader filled with charges.
--
-- The loader compiles every chunk twice: as it is, and with charges. Charges make no
-- functions, so both trees of prototypes have one shape, and are paired node by node.
-- Names do not matter, nor lines, nor how often a function was made.
--
--     local code, chunk = twins.of(fn)   --> prototype without charges, and its chunk
--
-- A chunk is `{ root = prototype, env }`; what else is learned of one is kept in it.

local bytecode = require("weir.expr.bytecode")
local frozen = require("weir.expr.frozen")

local M = {}

-- By the prototype with charges: { code, chunk }. What is forgotten takes its twin along.
local twins = setmetatable({}, { __mode = "k" })

-- Every chunk of this state that is not forgotten.
local chunks = setmetatable({}, { __mode = "k" })

local function pair(charged, plain, chunk)
  twins[charged] = { code = plain, chunk = chunk }
  local of_plain = bytecode.children(plain)
  for i, child in ipairs(bytecode.children(charged)) do
    pair(child, of_plain[i], chunk)
  end
end

--- Pairs the prototypes of two compilations of one source.
---@param charged function
---@param plain function
---@param env table
function M.pair(charged, plain, env)
  local root = bytecode.info(plain).proto
  local chunk = { root = root, env = env }
  chunks[chunk] = true
  pair(bytecode.info(charged).proto, root, chunk)
end

--- The chunks that were loaded into an environment, or into one that a script made.
function M.chunks(env)
  local list = {}
  for chunk in pairs(chunks) do
    if chunk.env == env or not frozen.is(chunk.env) then
      list[#list + 1] = chunk
    end
  end
  return list
end

--- The prototype that the user wrote, and the chunk that it stands in; nil for what did
-- not pass the loader.
---@param fn function
function M.of(fn)
  local info = bytecode.info(fn)
  local twin = info.proto and twins[info.proto]
  if twin then
    return twin.code, twin.chunk
  end
end

return M
