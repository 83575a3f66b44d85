local cjson = require("cjson")
local program = require("spec.support.program")
local reference = require("weir.describe.reference")
local support = require("spec.lua.describe.support")
local weir = require("weir")

local function plain(value)
  if value == weir.null then
    return cjson.null
  elseif type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, field in pairs(value) do
    out[key] = plain(field)
  end
  return out
end

-- What the file of a source must hold to give the rows: JSON lines, or the lines
-- of a log where that is what it is.
local function text_of(source, rows)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = source.codec.kind == "lines" and row.message or cjson.encode(plain(row))
  end
  return table.concat(lines, "\n") .. "\n"
end

-- The first sink of JSON; where an example has another one too, it says the same.
local function result_of(loaded, place, run)
  for _, node in ipairs(loaded.nodes) do
    if node.sink and node.sink.codec and node.sink.codec.kind == "json" then
      local text = node.sink.kind == "file" and place:read(node.sink.path) or run.out
      local rows = {}
      for line in text:gmatch("[^\n]+") do
        rows[#rows + 1] = cjson.decode(line)
      end
      return rows
    end
  end
end

local function run_example(entry)
  local loaded = support.load(entry.example)
  local place = program.place()
  finally(function()
    place:remove()
  end)
  local source = support.node(loaded, "source").source
  if entry.input then
    place:write(source.path[1] or source.path, text_of(source, entry.input))
  end
  place:write("traffic.lua", 'local weir = require "weir"\n' .. entry.example .. "\n")
  local run = place:run("weir run -q traffic.lua")
  assert.equal(0, run.code, run.err)
  return result_of(loaded, place, run)
end

describe("the examples of weir help", function()
  for _, entry in ipairs(reference.entries()) do
    if entry.output then
      it(("give what they say: %s"):format(entry.name), function()
        assert.same(plain(entry.output), run_example(entry))
      end)
    end
  end
end)
