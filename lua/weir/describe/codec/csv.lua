--- weir.csv, weir.tsv: separated values.

local errors = require("weir.lib.errors")
local nearest = require("weir.lib.nearest")

local TYPES = { string = true, integer = true, number = true, boolean = true }
local TYPE_NAMES = { "string", "integer", "number", "boolean" }

-- What they are called elsewhere.
local ELSEWHERE = {
  int = "integer", long = "integer", float = "number", double = "number", decimal = "number",
  real = "number", text = "string", str = "string", varchar = "string", bool = "boolean",
}

local function refuse_type(name, kind, where)
  local known = ELSEWHERE[tostring(kind):lower()]
  errors.raise(where, 'csv: the type of column %s must be "string", "integer", "number" or'
    .. ' "boolean", not %s%s', errors.show(name), errors.show(kind),
    known and ('; say "%s"'):format(known) or nearest.hint(tostring(kind), TYPE_NAMES))
end

local function check_types(value, _, where)
  if type(value) ~= "table" then
    return nil, 'types by column, such as { status = "integer" }'
  end
  for name, kind in pairs(value) do
    if type(name) ~= "string" or not TYPES[kind] then
      refuse_type(name, kind, where)
    end
  end
  return value
end

local function check_byte(value)
  if type(value) == "string" and #value == 1 and not value:find("[\r\n]") then
    return value
  end
  return nil, "one character"
end

local function check_quote(value)
  local byte = value == "" and value or check_byte(value)
  return byte, 'one character, or "" where nothing is quoted'
end

local options = require("weir.lib.options")

-- One of two columns of a name would be lost.
local function check_columns(value, option, where)
  local names, expected = options.kind("fields")(value, option, where)
  local seen = {}
  for _, name in ipairs(names or {}) do
    if seen[name] then
      return nil, ('names that differ, and "%s" is there twice'):format(name)
    end
    seen[name] = true
  end
  return names, expected
end

options.define("column_types", check_types)
options.define("distinct_fields", check_columns)
options.define("byte", check_byte)
options.define("quote", check_quote)

return {
  {
    kind = "csv",
    suffixes = { "csv" },
    options = {
      header = { kind = "boolean", default = true },
      columns = { kind = "distinct_fields" },
      types = { kind = "column_types" },
      infer = { kind = "boolean", default = false },
      delimiter = { kind = "byte", default = "," },
      quote = { kind = "quote", default = '"' },
    },
    doc = {
      name = "csv",
      group = "codecs",
      signature = "weir.csv{ header = true, columns, types, infer = false, delimiter = \",\","
        .. " quote = '\"' }",
      summary = "Comma-separated values. Columns are named by the header, or by columns. Values are"
        .. " text unless types = { column = \"integer\" | \"number\" | \"boolean\" | \"string\" }"
        .. " says otherwise; infer reads what looks like a number or boolean as one. An empty"
        .. " number or boolean of types is null. quote = \"\" is for files where quotes mean"
        .. " nothing.",
      shape = "bytes <-> records of one level",
      body = [[

Read, the second column of a name "a" is "a_2", and one without a name is its
number; columns = { ... } gives others. Written, the columns are those of
`columns`, else of the select or aggregate before, else of the first record; a
missing field and null are empty, a list or table is its JSON.]],
      errors = "A row with too many or too few values is a dead letter; so is, when written, a"
        .. " record with a field that is no column: say columns = { ... }, or :select.",
      cost = "One serial pass, since a quoted value may hold newlines.",
      example = [[
weir.from(weir.file{ path = "in.csv", codec = weir.csv{ delimiter = ";" } }):to "out.jsonl"]],
      rule = "RFC 4180",
    },
  },
  {
    kind = "tsv",
    suffixes = { "tsv" },
    options = {},
    doc = {
      name = "tsv",
      group = "codecs",
      signature = "weir.tsv{}",
      summary = "Tab-separated values with a header, in which quotes mean nothing: as"
        .. " weir.csv{ delimiter = \"\\t\", quote = \"\" }.",
      shape = "bytes <-> records of one level",
      errors = "As weir.csv.",
      cost = "As weir.csv.",
      example = [[
weir.from "in.tsv" :to "out.jsonl"]],
    },
  },
}
