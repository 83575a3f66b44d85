--- weir.pattern: lines of a known shape.

local keys = require("weir.lib.keys")
local reference = require("weir.describe.reference")

local SYNTAX = [[

    %{NAME}  %{NAME:field}      what NAME matches
    %{NAME:field:integer}       as a number; or number, boolean, string
    %{NAME:field?}              may be -, as logs write nothing: then no field
    %[a-z]+  %[^"]*  %[0-9]{4}  one of these bytes, so often
    %(a%|b%)  %(a%)?            alternatives; a part that may be left out
    %%                          a percent sign
]]

-- Only `weir help pattern` needs all names, so only it looks them up.
local function body()
  local names = keys.sorted(require("weir.expr.pattern.names"))
  local stock = require("weir.expr.patterns").list()
  return table.concat({
    SYNTAX,
    reference.labelled("NAME", table.concat(names, " ")),
    reference.labelled("Stock", table.concat(stock, " ")),
  }, "\n")
end

return {
  kind = "pattern",
  options = {
    pattern = {
      kind = "string",
      required = true,
      usage = 'weir.pattern{ pattern = "%{IP:client} %{WORD:user}" }',
    },
    define = { kind = "table" },
  },
  doc = {
    name = "pattern",
    group = "codecs",
    signature = "weir.pattern{ pattern!, define }",
    summary = "Lines by a pattern: what begins with % has a meaning, all else stands for itself."
      .. " %{NAME:field} writes what NAME matches into field. `define` adds names:"
      .. " { ORDER = \"A%{INT}\" }. A pattern matches a whole line. As a codec its text is"
      .. " enough, and for a stock pattern its name.",
    body = body,
    shape = "lines -> records",
    errors = "A line that does not fit is a dead letter.",
    cost = "Compiled once; one pass a line.",
    example = [[
weir.from(weir.file{ path = "app.log", codec = "%{IP:client} %{WORD:user}" }):to "app.jsonl"]],
  },
}
