--- What a pipeline became, for people: `weir explain`.
--
--     traffic: 1 source, 1 segment, 1 sink
--
--     source  file:access.jsonl                    traffic.lua:3
--       out   -> traffic/1
--     segment traffic/1                            parallel
--       filter                                     traffic.lua:4   inlined
--       select  ts, host                           traffic.lua:5
--       out   -> file:errors.jsonl
--     sink    file:errors.jsonl                    traffic.lua:6
--
-- An inlined lambda or text is done by a program of the column machine; a "lambda" is called
-- for each record, and a line says why.

local cut = require("weir.plan.cut")
local emit = require("weir.plan.emit")
local escape = require("weir.expr.escape")
local exprs = require("weir.plan.exprs")
local lift = require("weir.expr.lift")
local lifts = require("weir.plan.lifts")
local listing = require("weir.plan.listing")

local M = {}

local WIDE = 44

local function plural(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

local function aligned(left, right)
  if not right or right == "" then
    return left
  end
  return ("%-" .. WIDE .. "s %s"):format(left, right)
end

-- Why a stage is done row by row: by itself, or because of one before.
local function reason_of(task, stage, options)
  local lifted = task.lifted
  local first = task.stages[lifted.count + 1]
  if stage == first then
    return lifted.reason
  end
  return lift.chain({ stage.node }, options).reason
    or ("stands behind %s, which is not"):format(first.node.name)
end

-- What the stage's expressions are, why they are not inlined, and which lambdas get a
-- record of their own.
local function exprs_of(task, stage, options)
  local inlined = stage.index < task.lifted.count
  local seen, kinds, reasons = {}, {}, {}
  exprs.each(stage.node, function(expr)
    if expr.kind ~= "lambda" and expr.kind ~= "text" then
      return
    end
    local kind = inlined and "inlined" or expr.kind
    if not seen[kind] then
      seen[kind] = true
      kinds[#kinds + 1] = kind
    end
    if expr.kind == "lambda" and not inlined then
      local stays, reason = escape.stays(expr.fn)
      if not stays then
        reasons[#reasons + 1] = "gets a copy of the record: it " .. (reason or "may keep it")
      end
    end
  end)
  if #kinds > 0 and not inlined then
    table.insert(reasons, 1, "not inlined: " .. reason_of(task, stage, options))
  end
  return table.concat(kinds, ", "), reasons
end

local function names_of(list, field)
  local out = {}
  for i, item in ipairs(list) do
    out[i] = item[field]
  end
  return table.concat(out, ", ")
end

local function subject_of(node)
  if node.kind == "select" or node.kind == "set" then
    return names_of(node.columns, "name")
  elseif node.kind == "aggregate" then
    return names_of(node.columns, "name")
      .. (#node.keys > 0 and " by " .. names_of(node.keys, "name") or "")
  elseif node.kind == "route" then
    return names_of(node.routes, "name")
  elseif node.kind == "publish" or node.kind == "subscribe" then
    return node.topic
  elseif node.kind == "take" or node.kind == "skip" then
    return tostring(node.count)
  elseif node.expr and node.expr.kind == "text" then
    return node.expr.text
  end
  return ""
end

-- A source that is made in Lua is the first stage of a segment.
local function kind_of(node)
  return node.kind == "source" and node.source.kind or node.kind
end

-- The name that its user gave it, and what it is about.
local function title_of(node)
  local subject = subject_of(node)
  if not node.named then
    return subject
  end
  return subject == "" and node.name or node.name .. ": " .. subject
end

-- Neighbours that lead to the same place stand in one line.
local function add_ports(lines, task, edges)
  local names, before
  local function flush()
    if names then
      lines[#lines + 1] = ("  %-7s -> %s"):format(table.concat(names, ", "), before)
    end
  end
  for _, port in ipairs(task.ports) do
    local to, is_default = {}, false
    for _, edge in ipairs(edges) do
      if edge.from == task and edge.port == port.number then
        to[#to + 1] = edge.to.name
        is_default = edge.to.node.default_dead or false
      end
    end
    if not (port.dead and is_default) then
      local target = #to > 0 and table.concat(to, ", ") or "(counted, taken by nobody)"
      if target ~= before then
        flush()
        names, before = {}, target
      end
      names[#names + 1] = port.name
    end
  end
  flush()
end

local function add_segment(lines, task, options)
  for _, stage in ipairs(task.stages) do
    local node = stage.node
    if not node.made then
      local kinds, reasons = exprs_of(task, stage, options)
      reasons = node.flights and {} or reasons
      lines[#lines + 1] = aligned(("  %-8s %s"):format(kind_of(node), title_of(node)),
        (("%-16s %s"):format(node.where or "", kinds):gsub("%s+$", "")))
      for _, reason in ipairs(reasons) do
        lines[#lines + 1] = "           " .. reason
      end
    end
  end
end

-- The program stands before the Lua that enters it, as a comment.
local function add_program(lines, task)
  if task.lifted.count > 0 then
    lines[#lines + 1] = ("-- the program of %s"):format(task.name)
    for _, line in ipairs(listing.lines(task.lifted.list)) do
      lines[#lines + 1] = "--   " .. line
    end
    lines[#lines + 1] = ""
  end
end

local function lanes_of(segment, ordered)
  if not segment.parallel then
    return "serial: " .. segment.reason
  end
  return ordered and "parallel" or "parallel, in any order"
end

local function count_kinds(tasks)
  local counts = { source = 0, segment = 0, buffer = 0, relay = 0, sink = 0 }
  for _, task in ipairs(tasks) do
    if not task.node.default_dead then
      counts[task.kind] = counts[task.kind] + 1
      if task.kind == "segment" and task.node.kind == "source" then
        counts.source = counts.source + 1
      end
    end
  end
  return counts
end

--- The text of `weir explain`.
---@param graph table
---@param options { emit: boolean? }?  emit: with the programs and the
---   generated Lua
---@return string
function M.explain(graph, options)
  local plan = cut.cut(graph)
  lifts.mark(plan)
  local counts = count_kinds(plan.tasks)
  local buffers = counts.buffer > 0 and plural(counts.buffer, "buffer") .. ", " or ""
  if counts.relay > 0 then
    buffers = buffers .. plural(counts.relay, "program") .. ", "
  end
  local lines = {
    ("%s: %s, %s, %s%s"):format(graph.pipeline, plural(counts.source, "source"),
      plural(counts.segment, "segment"), buffers, plural(counts.sink, "sink")),
    "",
  }
  for _, task in ipairs(plan.tasks) do
    if not task.node.default_dead then
      local where = task.kind == "segment" and lanes_of(task, graph.options.ordered)
        or task.node.where or ""
      lines[#lines + 1] = aligned(("%-8s%s"):format(task.kind, task.name), where)
      if task.kind == "segment" then
        add_segment(lines, task, plan.lifting)
      end
      add_ports(lines, task, plan.edges)
    end
  end
  if options and options.emit then
    for _, task in ipairs(plan.tasks) do
      if task.kind == "segment" then
        lines[#lines + 1] = ""
        add_program(lines, task)
        lines[#lines + 1] = emit.emit(task)
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
