--- sample: an even share of the records.

local model = require("weir.op.model")

local M = {
  kind = "sample",
  usage = ':sample{ keep = "1%" }',
  arguments = {},
  options = {
    keep = { kind = "share", required = true, usage = ':sample{ keep = "1%" }' },
    key = { kind = "key" },
  },
  sides = { "dead" },
}

-- How many of the first records are kept.
local function kept(count, keep)
  return math.floor(count * keep)
end

-- Which keys are kept is the engine's affair; that all records of a key share their fate is
-- not. So the model keeps them by the count of keys.
function M.reference(rows, node)
  local count, fates = 0, {}
  local function fate()
    count = count + 1
    return kept(count, node.keep) > kept(count - 1, node.keep)
  end
  return model.each(rows, node, function(row, emit)
    local key = node.key and model.key(node.key, row)
    if key and fates[key] == nil then
      fates[key] = fate()
    end
    local stays = fates[key]
    if not key then
      stays = fate()
    end
    if stays then
      emit(row)
    end
  end)
end

M.doc = {
  name = "sample",
  group = "operators",
  signature = ":sample{ keep!, key }",
  summary = "Passes a share of the records: evenly, with 1% each hundredth; with key all records"
    .. " of a share of the keys, and none of the others. Which ones is the same in every run.",
  shape = "record -> the same record, or nothing",
  units = 'keep: a share such as 0.01 or "1%".',
  errors = "An error in the key sets the record aside.",
  cost = "None without key; a hash with it.",
  example = [[
weir.from "access.jsonl" :sample{ keep = "50%" } :to "half.jsonl"]],
  input = { { n = 1 }, { n = 2 }, { n = 3 }, { n = 4 } },
  output = { { n = 2 }, { n = 4 } },
}

return M
