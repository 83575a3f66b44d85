--- Batches for a spec, from a pool of its own, let go of together.
--
--     local batches = require("spec.support.batches").open(16)
--     local batch = batches:json('{"a":1}\n')
--     batches:close()

local engine = require("spec.support.engine")

local C = engine.load("engine/data/batch.h", "engine/data/json.h", "engine/base/err.h")

local M = {}

local Batches = {}
Batches.__index = Batches

--- Batches from a new pool that keeps so many.
function M.open(kept)
  return setmetatable({ pool = C.weir_pool_new(kept), list = {} }, Batches)
end

function Batches:new()
  local batch = C.weir_batch_new(self.pool)
  self.list[#self.list + 1] = batch
  return batch
end

--- One with the records of a text.
function Batches:json(text)
  local batch = self:new()
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert(C.weir_json_scan(batch, #text) == C.WEIR_OK)
  return batch
end

--- Lets go of all that there are.
function Batches:clear()
  for _, batch in ipairs(self.list) do
    C.weir_batch_unref(batch)
  end
  self.list = {}
end

function Batches:close()
  self:clear()
  C.weir_pool_free(self.pool)
end

return M
