--- parse: reads the text in a field by a codec.

local model = require("weir.op.model")

local M = {
  kind = "parse",
  usage = ':parse("nginx.access", { field = "message" })',
  arguments = { { name = "codec", kind = "codec" } },
  options = {
    field = { kind = "field", default = "message" },
    into = { kind = "field" },
    keep_field = { kind = "boolean", default = false },
  },
  sides = { "dead" },
}

local NEEDS_COLUMNS = '%s in a field has no header; name its columns: weir.csv{ %scolumns ='
  .. ' { "a", "b" } }'

--- A text in a field is one row, so no row before it names the columns.
function M.complete(node, refuse)
  local codec = node.codec
  if codec.kind == "tsv" then
    refuse(NEEDS_COLUMNS, "tsv", 'delimiter = "\\t", quote = "", ')
  elseif codec.kind == "csv" and codec.header then
    if not codec.columns then
      refuse(NEEDS_COLUMNS, "csv", "")
    end
    node.codec = {}
    for name, value in pairs(codec) do
      node.codec[name] = value
    end
    node.codec.header = false
  end
end

--- The model. Decoding has models of its own, so the reader is passed in.
---@param decode fun(text: string): table?, string?  one record, or nil and why not
function M.reference(rows, node, decode)
  return model.each(rows, node, function(row, emit)
    local text = row[node.field]
    if type(text) ~= "string" then
      error(('parse needs a text in "%s"'):format(node.field), 0)
    end
    local found, reason = decode(text)
    if not found then
      error(reason, 0)
    end
    if not node.keep_field then
      row[node.field] = nil
    end
    if node.into then
      row[node.into] = found
    else
      for name, value in pairs(found) do
        row[name] = value
      end
    end
    emit(row)
  end)
end

M.doc = {
  name = "parse",
  group = "operators",
  signature = ':parse(codec, { field = "message", into, keep_field = false })',
  summary = "Reads the text in a field by a codec: a format (\"json\"), a stock pattern"
    .. " (\"nginx.access\") or a pattern (\"%{IP:client} ...\"). What it finds is added to the"
    .. " record, replacing fields of the same name, or becomes the table `into`; the field itself"
    .. " goes, unless keep_field. weir.csv is a row without a header here, and wants columns.",
  shape = "record -> the same record with what was found",
  errors = "A text that does not fit, and a field that holds no text, set the record aside.",
  cost = "One pass over the text.",
  example = [[
weir.from(weir.file{ path = "app.log", codec = "lines" }):parse "json" :to "app.jsonl"]],
  input = { { message = '{"level":"warn"}' }, { message = "oops" } },
  output = { { level = "warn" } },
}

return M
