--- rename: gives fields new names.

local errors = require("weir.lib.errors")
local model = require("weir.op.model")
local options = require("weir.lib.options")

local M = {
  kind = "rename",
  usage = ':rename{ host = "hostname" }',
  arguments = { { name = "fields", kind = "renames" } },
  sides = {},
}

options.define("renames", function(value, option, where)
  local expected = 'new names of fields, such as { host = "hostname" }'
  local is_table = type(value) == "table" and getmetatable(value) == nil and next(value) ~= nil
  if not is_table then
    return nil, expected
  end
  local out = {}
  for new, old in pairs(value) do
    if type(new) ~= "string" or new == "" then
      return nil, expected
    elseif type(old) ~= "string" or old == "" then
      errors.raise(where, "rename: { %s = %s } names no field; say %s", new,
        errors.show(old), expected)
    end
    out[#out + 1] = {
      new = options.kind("field")(new, option, where),
      old = options.kind("top_field")(old, option, where),
    }
  end
  table.sort(out, function(a, b)
    return a.new < b.new
  end)
  return out
end)

--- A field can go to one name only.
function M.complete(node, refuse)
  local seen = {}
  for _, each in ipairs(node.fields) do
    if seen[each.old] then
      refuse('"%s" is renamed both to "%s" and to "%s"', each.old, seen[each.old], each.new)
    end
    seen[each.old] = each.new
  end
end

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local values = {}
    for i, each in ipairs(node.fields) do
      values[i] = row[each.old]
    end
    for _, each in ipairs(node.fields) do
      row[each.old] = nil
    end
    for i, each in ipairs(node.fields) do
      if values[i] ~= nil then
        row[each.new] = values[i]
      end
    end
    emit(row)
  end)
end

M.doc = {
  name = "rename",
  group = "operators",
  signature = ':rename{ new = "old", ... }',
  summary = "Gives fields new names; each keeps its place. All happen at once, so two names can"
    .. " be swapped. A field that was called as a new name is replaced.",
  shape = "record -> the same record",
  errors = "A missing field is no error: nothing is renamed.",
  cost = "Values are not read.",
  example = [[
weir.from "access.jsonl" :rename{ host = "hostname" } :to "renamed.jsonl"]],
  input = { { hostname = "a", status = 200 }, { status = 404 } },
  output = { { host = "a", status = 200 }, { status = 404 } },
}

return M
