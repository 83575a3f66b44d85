--- The reference: what `weir help` prints and the pages are made of.
--
-- Entries stand beside the code that they describe, as `doc` of an operator, source,
-- sink or codec and `docs` of the rest; the public face adds them here.
--
--     entry = { name, group, signature, summary, body, shape, units, errors, cost, example,
--               input, output, rule }
--
-- body is a text as it is to stand there, or a function that gives one. example is a
-- script without its first line, `local weir = require "weir"`; with `output`, its sink
-- gets those rows when its source gives `input`.

local keys = require("weir.lib.keys")
local nearest = require("weir.lib.nearest")

local M = {}

local entries = {} -- by name
local order = {} -- names as added

local WIDTH = 80

--- Adds an entry.
function M.add(entry)
  assert(entry.name and entry.group and entry.summary, "an entry needs name, group, summary")
  assert(not entries[entry.name], entry.name)
  entries[entry.name] = entry
  order[#order + 1] = entry.name
end

--- All entries, as added.
function M.entries()
  local out = {}
  for i, name in ipairs(order) do
    out[i] = entries[name]
  end
  return out
end

--- The topics: `{ { group = "operators", names = { "filter", ... } }, ... }`.
function M.topics()
  local groups, by_group = {}, {}
  for _, name in ipairs(order) do
    local group = entries[name].group
    if not by_group[group] then
      by_group[group] = { group = group, names = {} }
      groups[#groups + 1] = by_group[group]
    end
    table.insert(by_group[group].names, name)
  end
  return groups
end

-- "weir.count", ":filter" and "filter()" all mean the entry.
local function bare(name)
  return (name:gsub("^weir[.:]", ""):gsub("^:", ""):gsub("%(.*$", ""):gsub("{.*$", ""))
end

--- The entry of a name, or nil and the nearest name.
---@param name string
---@return table? entry
---@return string? nearest
function M.find(name)
  local wanted = entries[name] and name or bare(name)
  if entries[wanted] then
    return entries[wanted]
  end
  return nil, nearest.find(wanted, order)
end

local function wrap(text, indent)
  local lines, line = {}, indent
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > WIDTH and line ~= indent then
      lines[#lines + 1] = line
      line = indent
    end
    line = line == indent and indent .. word or line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

--- "Label     text", wrapped under itself; nothing without a text.
function M.labelled(label, text)
  if not text then
    return nil
  end
  local margin = (" "):rep(10)
  return label .. (" "):rep(10 - #label) .. wrap(text, margin):sub(11)
end

local function row_text(row)
  local out = {}
  for i, key in ipairs(keys.sorted(row)) do
    local value = row[key]
    local text = type(value) == "table" and row_text(value)
      or type(value) == "string" and ("%q"):format(value) or tostring(value)
    out[i] = type(key) == "number" and text or ("%s = %s"):format(key, text)
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local function rows_text(label, rows)
  local out = {}
  for i, row in ipairs(rows or {}) do
    out[i] = (i == 1 and label .. (" "):rep(10 - #label) or (" "):rep(10)) .. row_text(row)
  end
  return #out > 0 and table.concat(out, "\n") or nil
end

local function code(text)
  return text and "    " .. text:gsub("\n", "\n    ")
end

--- An entry as a terminal shows it.
---@param entry table
function M.render(entry)
  local parts = {}
  local function part(text)
    if text then
      parts[#parts + 1] = text
    end
  end
  part(wrap(entry.signature or entry.name, ""))
  part("")
  part(wrap(entry.summary, ""))
  part(type(entry.body) == "function" and entry.body() or entry.body)
  part("")
  part(M.labelled("Shape", entry.shape))
  part(M.labelled("Units", entry.units))
  part(M.labelled("Errors", entry.errors))
  part(M.labelled("Cost", entry.cost))
  part(M.labelled("Rule", entry.rule))
  part(entry.example and "")
  part(code(entry.example))
  part(entry.output and "")
  part(rows_text("in", entry.input))
  part(rows_text("out", entry.output))
  return (table.concat(parts, "\n"):gsub("\n+$", "")) .. "\n"
end

-- The names of entries with an option of that name, found in their signatures.
local function owners(option)
  local out = {}
  local word = "%f[%w_]" .. option:gsub("%p", "%%%0") .. "%f[^%w_]"
  for _, name in ipairs(order) do
    local taken = (entries[name].signature or ""):match("{(.*)}")
    if taken and taken:find(word) then
      out[#out + 1] = name
    end
  end
  return out
end

--- The text of a topic or of what has an option of that name, or nil and what to say
-- instead.
---@param name string
function M.text(name)
  local entry, near = M.find(name)
  if entry then
    return M.render(entry)
  end
  local having = owners(bare(name))
  if #having > 0 then
    local text = wrap(("%s is an option of %s."):format(bare(name), table.concat(having, ", ")), "")
    return text .. "\n" .. (#having == 1 and "\n" .. M.render(entries[having[1]]) or "")
  end
  return nil, ('no help on "%s"%s'):format(name, near and ('; did you mean "%s"?'):format(near)
    or "; `weir help` lists the topics")
end

return M
