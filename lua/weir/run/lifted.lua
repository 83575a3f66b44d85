--- The lifted part of a segment at work: a program over strips of rows.
--
-- `walk` does rows from run.row on and stops at one, which is then run.row:
--
--     STRIP_END    behind the strip's last row
--     SURVIVOR     that came through, and is in slot 0 for the stage behind
--     STRIP_FULL   behind which an output is full
--     anything else: one that the row code must do from its first stage
--
-- The strip is the worker's, and all its segments use it in turn. Where survivors are
-- written and that is all, the worker walks by itself and comes here for what bails.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local record = require("weir.native.record")

local C = cdef.load("engine/host/lifted.h", "engine/op/strip.h", "engine/sched/run.h")

local M = {}

local rows = record.rows
local strip = ffi.gc(C.weir_strip_new(), C.weir_strip_free)

local KINDS, FILTERED, ABSORBED = 6, 1, 2
local SURVIVOR = 2

local walks = {}

-- Opens the next survivor, for the stages that are not lifted.
function walks.open(_, run, enter)
  return function()
    local stop = enter()
    if stop == 0 then
      stop = C.weir_strip_next(strip)
      run.row = C.weir_strip_row(strip)
      if stop == SURVIVOR then
        stop = C.weir_strip_open(strip, rows, 0)
      end
    end
    return stop
  end
end

-- Adds survivors to their groups, or keeps them in an order.
local function gathering(add)
  return function(stage, run, enter, bound)
    local at, added = stage.index * KINDS + ABSORBED, ffi.new("uint64_t[1]")
    return function()
      local stop = enter()
      if stop == 0 then
        added[0] = 0
        stop = add(bound, added)
        run.row = C.weir_strip_row(strip)
        run.counts[at] = run.counts[at] + tonumber(added[0])
      end
      return stop
    end
  end
end

walks.aggregate = gathering(function(bound, added)
  return C.weir_strip_gather(strip, bound.gather, bound:groups_now(), added)
end)

walks.sort = gathering(function(bound, added)
  return C.weir_strip_order(strip, bound.gather, bound.order, added)
end)

walks.top = walks.sort

-- The stages that put rows out.
local function filters_of(task)
  local filters = {}
  for i = 1, task.lifted.count do
    if task.stages[i].node.kind == "filter" then
      filters[#filters + 1] = task.stages[i].index
    end
  end
  return filters
end

-- They do so as the walk passes rows.
local function settler(task, run)
  local filters = filters_of(task)
  return function()
    for _, stage in ipairs(filters) do
      local at = stage * KINDS + FILTERED
      run.counts[at] = run.counts[at] + tonumber(C.weir_strip_take_filtered(strip, stage))
    end
  end
end

-- What the strip is at behind the program: what is done with survivors.
local function mark_behind(task)
  local last = task.stages[#task.stages]
  if task.lifted.count < #task.stages then
    return #task.stages + C.WEIR_MARK_READ
  elseif last.node.kind == "aggregate" then
    return last.index + 1
  end
  return #task.stages + C.WEIR_MARK_WRITE
end

local function watcher(task, run)
  local mark = ffi.cast("uint32_t *", ffi.cast("char *", run) + ffi.offsetof("weir_run", "mark"))
  local behind = mark_behind(task)
  return function()
    C.weir_strip_watch(strip, mark, behind)
  end
end

-- Writes survivors, each to its port.
local function writing(task, run, bound)
  local filters = filters_of(task)
  bound.filters = ffi.new("uint32_t[?]", #filters, filters)
  bound.lifted = ffi.new("weir_lifted", {
    strip = strip,
    program = task.lifted.program,
    behind = mark_behind(task),
    filter_count = #filters,
    filters = bound.filters,
  })
  run.lifted = bound.lifted
  return function()
    return C.weir_lifted_walk(bound.lifted, run)
  end, function() end
end

--- What a segment's program needs, if it has one.
---@param task table     a segment that weir.plan.lifts has seen, or none
---@param run ffi.cdata* its weir_run
---@param bound table  what its stages are bound to, which lives as long as the segment
---@return (fun(): integer)? walk
---@return fun() settle  brings the counts up to date; after each entry
function M.bind(task, run, bound)
  local lifted = task.lifted or { count = 0 }
  if lifted.count == 0 then
    return nil, function() end
  end
  local last = task.stages[#task.stages]
  local whole = lifted.count == #task.stages
  if whole and not walks[last.node.kind] then
    return writing(task, run, bound)
  end
  local watch = watcher(task, run)
  local function enter()
    watch()
    return C.weir_strip_enter(strip, lifted.program, run.batch, run.row, run.row_end)
  end
  local walk = whole and walks[last.node.kind] or walks.open
  return walk(last, run, enter, bound[last.index + 1]), settler(task, run)
end

return M
