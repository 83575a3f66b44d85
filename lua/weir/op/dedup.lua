--- dedup: passes the first record of a key within a time.

local model = require("weir.op.model")

-- Some 100 bytes a key.
local MAX_KEYS = 1e6

local M = {
  kind = "dedup",
  usage = ':dedup{ key = "id", within = "10m" }',
  arguments = {},
  options = {
    key = { kind = "key", required = true, usage = ':dedup{ key = "id", within = "10m" }' },
    within = { kind = "duration", required = true, usage = ':dedup{ key = "id", within = "10m" }' },
    max_keys = { kind = "integer", min = 1, max = 2 ^ 30, default = MAX_KEYS },
  },
  sides = { "dead", "dropped" },
  stateful = true,
}

function M.subject(node)
  local out = {}
  for i, expr in ipairs(node.key or {}) do
    local text = expr.text or expr.name
    if not text then
      return nil
    end
    out[i] = text
  end
  return out[1] and table.concat(out, ",")
end

function M.complete(node, refuse)
  if node.within_ns <= 0 then
    refuse('within is longer than nothing, such as within = "10m"')
  end
end

--- Of a run that is over before the time is.
function M.reference(rows, node)
  local seen = {}
  return model.each(rows, node, function(row, emit)
    local key = model.key(node.key, row)
    emit(row, seen[key] and "dropped" or "out")
    seen[key] = true
  end)
end

M.doc = {
  name = "dedup",
  group = "operators",
  signature = ":dedup{ key!, within!, max_keys = 1000000 }",
  summary = "Passes the first record of each key, and drops those that come within the time behind"
    .. " it. What was dropped does not prolong the time. Where max_keys are remembered the oldest"
    .. " is forgotten early, which is counted (keys_forgotten): a repetition of that passes.",
  shape = 'record -> the same record; or in the side "dropped"',
  units = "within: time since the first record of the key arrived. max_keys: keys.",
  errors = "An error in the key sets the record aside. What is dropped is counted as duplicate, and"
    .. ' is in :side "dropped" if that is taken.',
  cost = "Some 100 bytes a key and the key's text. It is gone when the run ends. One worker does"
    .. " it, so that the first is the first.",
  example = [[
weir.from "orders.jsonl" :dedup{ key = "id", within = "1h" } :name "once" :to "once.jsonl"]],
  input = { { id = 1 }, { id = 2 }, { id = 1, again = true } },
  output = { { id = 1 }, { id = 2 } },
}

return M
