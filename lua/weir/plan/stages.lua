--- What each kind of stage becomes inside the loop of its segment.
--
--     stages[kind](code, stage)       the statements for the record in code.slot
--     stages.finish[kind](code, stage) what is left to say when the input has ended
--
-- `s<k>` is what weir.run.bind gives the stage: s3.fn, s3.record, s3.columns. A
-- lambda is called between `begin` (fuel, frozen or not, whose stage it is) and the
-- use of its result. Names in capitals are constants of the chunk;
-- `pending` is what is under way inside a flat_map.

local Code = require("weir.plan.code")

local M = { finish = {} }

local name = Code.name

function M.filter(code, stage)
  code:begin(stage, true)
  code:open("if not holds(%s) then", code:call(stage, name(stage) .. ".fn"))
  code:leave(stage, "FILTERED")
  code:close()
end

function M.map(code, stage)
  code:begin(stage, false)
  code:line("take_map(%s, %d, %s)", name(stage), code.slot,
    code:call(stage, name(stage) .. ".fn"))
end

function M.tap(code, stage)
  code:begin(stage, false)
  code:line("%s", code:call(stage, "local _ = " .. name(stage) .. ".fn"))
end

-- Values of computed columns, as locals: all are read, and what is nested is kept,
-- before any is written.
local function compute(code, stage)
  local values = {}
  for i, column in ipairs(stage.node.columns) do
    local value = ("v%d_%d"):format(stage.index, i)
    if column.expr.kind ~= "field" then
      code:line("local %s = keep(%s)", value,
        code:call(stage, ("%s.columns[%d]"):format(name(stage), i)))
      values[#values + 1] = { value = value, index = i }
    elseif stage.node.kind == "set" then
      code:line("local %s = copy(%d, %s.sources[%d])", value, code.slot, name(stage), i)
      values[#values + 1] = { value = value, index = i }
    end
  end
  return values
end

local function store(code, stage, values)
  for _, value in ipairs(values) do
    code:line("put(rows, %d, %s.names[%d], %s)", code.slot, name(stage), value.index, value.value)
  end
end

function M.set(code, stage)
  code:begin(stage, true)
  code:open("do")
  local values = compute(code, stage)
  code:line("C.weir_rows_enter(rows, %d, 0)", code.slot)
  store(code, stage, values)
  code:close()
end

function M.select(code, stage)
  local computed = false
  for _, column in ipairs(stage.node.columns) do
    computed = computed or column.expr.kind ~= "field"
  end
  if not computed then
    code:at(stage)
    code:line("check(C.weir_rows_select(rows, %d, %s.fields))", code.slot, name(stage))
    return
  end
  code:begin(stage, true)
  code:open("do")
  local values = compute(code, stage)
  code:line("C.weir_rows_enter(rows, %d, 0)", code.slot)
  code:line("check(C.weir_rows_select(rows, %d, %s.fields))", code.slot, name(stage))
  store(code, stage, values)
  code:close()
end

function M.rename(code, stage)
  code:at(stage)
  code:line("C.weir_rows_enter(rows, %d, 0)", code.slot)
  code:line("check(C.weir_rows_rename(rows, %d, %s.fields))", code.slot, name(stage))
end

function M.drop_fields(code, stage)
  code:at(stage)
  code:line("C.weir_rows_enter(rows, %d, 0)", code.slot)
  code:line("check(C.weir_rows_drop(rows, %d, %s.fields))", code.slot, name(stage))
end

function M.parse(code, stage)
  code:at(stage)
  code:line("C.weir_rows_enter(rows, %d, 0)", code.slot)
  code:line("parse(%s, %d)", name(stage), code.slot)
end

function M.take(code, stage)
  code:open("if %s.left == 0 then", name(stage))
  code:leave(stage, "DROPPED")
  code:close()
  code:line("%s.left = %s.left - 1", name(stage), name(stage))
end

function M.skip(code, stage)
  code:open("if %s.left > 0 then", name(stage))
  code:line("%s.left = %s.left - 1", name(stage), name(stage))
  code:leave(stage, "FILTERED")
  code:close()
end

function M.sample(code, stage)
  code:begin(stage, true)
  code:open("if not picks(%s, %d) then", name(stage), code.slot)
  code:leave(stage, "FILTERED")
  code:close()
end

-- What is dropped may be taken from the side.
local function leave_dropped(code, stage)
  if stage.dropped_port then
    code:write(stage.dropped_port)
  end
  code:leave(stage, "DROPPED")
end

function M.dedup(code, stage)
  code:begin(stage, true)
  code:open("do")
  code:line("local answer = meet(%s, %d)", name(stage), code.slot)
  code:open("if answer == KNOWN then")
  leave_dropped(code, stage)
  code:middle("elseif answer == CROWDED then")
  code:line("%s", code:count(stage, "FORGOTTEN", 1))
  code:close()
  code:close()
end

function M.throttle(code, stage)
  code:begin(stage, true)
  code:open("if not grants(%s, %d) then", name(stage), code.slot)
  leave_dropped(code, stage)
  code:close()
end

function M.merge() end

M.subscribe = M.merge

-- publish: to everybody alike, or each record to those who want its topic.
function M.publish(code, stage)
  if not stage.node.groups then
    return
  end
  code:at(stage)
  code:open("do")
  code:line("local answer = publish(%s, %d)", name(stage), code.slot)
  code:open("if answer == NOWHERE then")
  code:leave(stage, "DROPPED")
  code:close()
  code:line("full = full or answer == PUBLISHED_FULL")
  code:close()
end

--- The list of a flat_map: makes it unless one is under way. The elements follow in a
-- loop of their own; see weir.plan.emit.
function M.flat_map(code, stage)
  local depth = code.slot + 1
  code:begin(stage, true)
  code:line("pending.list_%d = items(%s, %d, %s)", depth, name(stage), code.slot,
    code:call(stage, name(stage) .. ".fn"))
  code:line("pending.at_%d = 1", depth)
  code:line("%s", code:count(stage, "ABSORBED", 1))
  code:line("%s", code:count(stage, "MADE", ("#pending.list_%d"):format(depth)))
end

-- route: all conditions are computed before anything is written, so that an error
-- leaves nothing behind.
function M.route(code, stage)
  local node = stage.node
  code:begin(stage, true)
  if node.all then
    code:open("do")
    for i in ipairs(node.routes) do
      code:line("local w%d = holds(%s)", i,
        code:call(stage, ("%s.rules[%d]"):format(name(stage), i)))
    end
    local any = {}
    for i in ipairs(node.routes) do
      any[i] = "w" .. i
      code:open("if w%d then", i)
      code:write(i - 1)
      code:close()
    end
    code:open("if not (%s) then", table.concat(any, " or "))
    code:write(#node.routes)
    code:close()
    code:close()
    return
  end
  for i in ipairs(node.routes) do
    local condition = ("holds(%s)"):format(
      code:call(stage, ("%s.rules[%d]"):format(name(stage), i)))
    if i == 1 then
      code:open("if %s then", condition)
    else
      code:middle("elseif %s then", condition)
    end
    code:write(i - 1)
  end
  code:middle("else")
  code:write(#node.routes)
  code:close()
end

-- split: yes and no, or n streams by the hash of a key, in turn without one.
function M.split(code, stage)
  local node = stage.node
  code:begin(stage, true)
  if node.expr then
    code:open("if holds(%s) then", code:call(stage, name(stage) .. ".fn"))
    code:write(0)
    code:middle("else")
    code:write(1)
    code:close()
    return
  end
  code:open("do")
  code:line("local port = share(%s, %d)", name(stage), code.slot)
  code:line("check(C.weir_rows_write(rows, %d, run.out[port]))", code.slot)
  code:line("full = full or run.out[port].bytes.size >= FULL_BYTES")
  code:close()
end

-- priority: with a class its port says it all, with an expression each class has a port.
function M.priority(code, stage)
  if not stage.node.expr then
    return
  end
  code:begin(stage, true)
  code:open("do")
  code:line("local port = class_of(%s)", code:call(stage, name(stage) .. ".fn"))
  code:line("check(C.weir_rows_write(rows, %d, run.out[port]))", code.slot)
  code:line("full = full or run.out[port].bytes.size >= FULL_BYTES")
  code:close()
end

-- A source whose records the script makes: a segment without inputs.
function M.finish.source(code, stage)
  code:at(stage)
  code:line("return generate(%s, %d)", name(stage), stage.index)
end

local function gather(kind)
  M[kind] = function(code, stage)
    code:begin(stage, true)
    code:line("%s_add(%s, %d)", kind, name(stage), code.slot)
    code:leave(stage, "ABSORBED")
  end
  M.finish[kind] = function(code, stage)
    code:at(stage)
    code:line("return %s_finish(%s, %d)", kind, name(stage), stage.index)
  end
end

gather("aggregate")
gather("sort")
gather("top")

return M
