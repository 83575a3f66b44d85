--- Generates the function of a segment.
--
--     chunk   = prologue body finish
--     body    = for each row from run.row: records(0) -- a label next_0 ends each one
--     records = stages... ( write | gather | flat_map elements )
--     elements = a loop over pending.list_<d>, whose body is records(d)
--
-- Where the first stages are lifted, `walk` does them for as many rows as it can, and
-- also what follows if they are all there is: it stops at a row that only the code here
-- can do, or at each that goes on to a stage that is not lifted (weir.run.lifted).
--
-- Where somebody looks at what a stage inside lets go, a segment is entered by a function
-- made for that, whose first stages alone are lifted, up to that one; or none, to look at
-- all of them (weir.run.look).
--
-- The function may be left and entered again at any row. What is under way inside a
-- flat_map stands in `pending`: the list, and the element after the one at work. So an error
-- in an element, or a full output behind it, goes on with the next one.

local Code = require("weir.plan.code")
local stages = require("weir.plan.stages")

local M = {}

-- What the chunk's data gives under the same name; only what is used is declared.
local DATA = {
  "C", "rows", "run", "counts", "fuel", "pending", "holds", "check", "put", "keep", "copy",
  "take_map",
  "items", "open_item", "parse", "share", "picks", "meet", "grants", "class_of",
  "publish",
  "aggregate_add", "sort_add", "top_add",
  "aggregate_finish", "sort_finish", "top_finish", "generate", "walk", "look", "FUEL",
  "FULL_BYTES",
}
-- Why a segment is left, and where a walk stops.
local NUMBERS = {
  { "DONE", 0 }, { "MORE", 1 }, { "FULL", 2 }, { "SATED", 3 },
  { "STRIP_END", 0 }, { "SURVIVOR", 2 }, { "STRIP_FULL", 3 },
  { "KNOWN", 0 }, { "CROWDED", 2 }, { "NOWHERE", 0 }, { "PUBLISHED_FULL", 2 },
}

local READ = 1 -- a mark of a profile (engine/sched/run.h)

local GATHERS = { aggregate = true, sort = true, top = true }

-- Whether a stage writes records itself.
local function writes(node)
  return node.kind == "route" or node.kind == "split" or node.groups ~= nil
    or (node.kind == "priority" and node.expr)
end

-- Stages from `index` on, for the record that `open` puts into code.slot.
local emit_records

-- Shows what the stage before `index` lets go, if somebody looks there; or at all of them
-- that another one follows.
local function emit_look(code, segment, index)
  local at = index - 2
  local everywhere = segment.looked == "all" and index <= #segment.stages
  if everywhere or segment.looked and segment.looked.index == at then
    code:line("look(%d, %d)", code.slot, at)
  end
end

local function emit_elements(code, segment, index)
  local depth = code.slot + 1
  code:close() -- of: if not pending.list_<depth>
  code:open("while pending.at_%d <= #pending.list_%d or pending.list_%d do", depth, depth,
    depth + 1)
  code.slot = depth
  emit_records(code, segment, index, function()
    code:line("local item = pending.list_%d[pending.at_%d]", depth, depth)
    code:line("pending.at_%d = pending.at_%d + 1", depth, depth)
    code:line("open_item(%d, item)", depth)
    emit_look(code, segment, index)
  end)
  code:line("::next_%d::", depth)
  code.slot = depth - 1
  code:close()
  code:line("pending.list_%d = nil", depth)
end

local function has_flat_map(segment, index)
  for i = index, #segment.stages do
    if segment.stages[i].node.kind == "flat_map" then
      return true
    end
  end
  return false
end

local function emit_exit_when_full(code)
  if code.slot == 0 then
    code:line("if full then run.row = row + 1 return FULL end")
  else
    code:line("if full then return FULL end")
  end
end

local function emit_stage(code, stage)
  code:line("-- %s", stage.node.name)
  stages[stage.node.kind](code, stage)
end

function emit_records(code, segment, index, open)
  if has_flat_map(segment, index) then
    code:open("if not pending.list_%d then", code.slot + 1)
  end
  open()
  for i = index, #segment.stages do
    local stage = segment.stages[i]
    local kind = stage.node.kind
    emit_stage(code, stage)
    if kind == "flat_map" then
      return emit_elements(code, segment, i + 1)
    elseif GATHERS[kind] then
      return
    elseif writes(stage.node) then
      return emit_exit_when_full(code)
    end
    emit_look(code, segment, i + 1)
  end
  code:write(0)
  emit_exit_when_full(code)
end

local function takes(segment)
  local conditions = {}
  for _, stage in ipairs(segment.stages) do
    if stage.node.kind == "take" then
      conditions[#conditions + 1] = ("s%d.left == 0"):format(stage.index + 1)
    end
  end
  return #conditions > 0 and table.concat(conditions, " or ")
end

local function emit_open(code)
  code:mark_behind(READ)
  code:line("C.weir_rows_open(rows, 0, batch, row)")
end

local function emit_sated(code, segment, condition)
  local sated = takes(segment)
  if sated then
    code:line("if %s then return SATED end", condition:format(sated))
  end
end

local function emit_rows(code, segment)
  code:open("for row = run.row, run.row_end - 1 do")
  code:line("run.row = row")
  emit_sated(code, segment, "(%s) and not pending.list_1")
  emit_records(code, segment, 1, function()
    emit_open(code)
  end)
  code:line("::next_0::")
  code:close()
  code:line("run.row = run.row_end")
end

-- One row: the stages behind the lifted ones; all of them if it did not survive those.
local function emit_row(code, segment, lifted)
  code:line("local row = run.row")
  if lifted == #segment.stages then
    emit_records(code, segment, 1, function()
      emit_open(code)
    end)
  else
    emit_records(code, segment, lifted + 1, function()
      code:open("if stop ~= SURVIVOR then")
      emit_open(code)
      for i = 1, lifted do
        emit_stage(code, segment.stages[i])
      end
      code:close()
      emit_look(code, segment, lifted + 1)
    end)
  end
  code:line("::next_0::")
end

local function emit_lifted(code, segment, lifted)
  code:open("while run.row < run.row_end do")
  emit_sated(code, segment, "(%s) and not pending.list_1")
  code:mark_behind(READ)
  if has_flat_map(segment, lifted + 1) then
    code:line("local stop = pending.list_1 and SURVIVOR or walk()")
  else
    code:line("local stop = walk()")
  end
  code:open("if stop == STRIP_FULL then")
  code:line("return FULL")
  code:middle("elseif stop ~= STRIP_END then")
  code:open("do")
  emit_row(code, segment, lifted)
  code:close()
  code:line("run.row = run.row + 1")
  code:close()
  code:close()
end

local function emit_body(code, segment)
  if segment.node.kind == "source" then
    code:line("local function body() return DONE end")
    return
  end
  local lifted = segment.lifted and segment.lifted.count or 0
  code:open("local function body()")
  code:line("local batch, full = run.batch, false")
  for _, port in ipairs(segment.ports) do
    if not port.dead and port.number < code.OUTS then
      code:line("local out%d = run.out[%d]", port.number, port.number)
    end
  end
  if lifted > 0 then
    emit_lifted(code, segment, lifted)
  else
    emit_rows(code, segment)
  end
  emit_sated(code, segment, "%s")
  code:line("return run.row < batch.row_count and MORE or DONE")
  code:close()
end

local function emit_finish(code, segment)
  local last = segment.stages[#segment.stages]
  code:open("local function finish()")
  if stages.finish[last.node.kind] then
    stages.finish[last.node.kind](code, last)
  else
    code:line("return DONE")
  end
  code:close()
end

local function declare(code, body)
  local used = {}
  for word in body:gmatch("[%a_][%w_]*") do
    used[word] = true
  end
  code:line("local S = ...")
  for _, name in ipairs(DATA) do
    if used[name] then
      code:line("local %s = S.%s", name, name)
    end
  end
  for _, number in ipairs(NUMBERS) do
    if used[number[1]] then
      code:line("local %s = %d", number[1], number[2])
    end
  end
end

--- The Lua source of a segment, the same in every state.
---@param segment table  a task of kind "segment" from weir.plan.cut
---@return string
function M.emit(segment)
  if segment.node.flights then
    return ("-- %s: %s\n-- each record in a coroutine of its own (weir.run.async)\n"):format(
      segment.name, segment.node.name)
  end
  local names, functions = {}, Code.new(#segment.stages)
  for i, stage in ipairs(segment.stages) do
    names[i] = stage.node.name
  end
  emit_body(functions, segment)
  emit_finish(functions, segment)
  local body = functions:text()

  local code = Code.new()
  code:line("-- %s: %s", segment.name, table.concat(names, " | "))
  declare(code, body)
  for i in ipairs(segment.stages) do
    if body:find(("%%f[%%w_]s%d%%f[^%%w_]"):format(i)) then
      code:line("local s%d = S[%d]", i, i)
    end
  end
  return code:text() .. "\n" .. body .. "\nreturn body, finish\n"
end

return M
