--- Instructions that call and return.

local Builder = require("weir.expr.lift.builder")
local calls = require("weir.expr.lift.calls")
local constants = require("weir.expr.lift.constants")
local twins = require("weir.expr.twins")

local NIL = Builder.NIL

local DEPTH_MAX = 8

local steps = {}

-- Values from a slot on; with `more`, those that the last call gave follow.
local function values_from(f, first, count, more)
  local values = {}
  for i = 0, count - 1 do
    values[i + 1] = f:get(first + i)
  end
  if more then
    for _, value in ipairs(f.rest) do
      values[#values + 1] = value
    end
  end
  return values
end

local function follow(f, fn, arguments, ret)
  local code, chunk = twins.of(fn)
  if not code then
    f:refuse("calls a function that is not the script's own")
  elseif f.depth >= DEPTH_MAX then
    f:refuse("calls functions more than %d deep", DEPTH_MAX)
  end
  local builder = f.builder
  f.run(builder, {
    fn = fn,
    code = code,
    chunk = chunk,
    base = builder:frame(),
    depth = f.depth + 1,
    ret = ret,
  }, arguments)
end

-- Calls a function of the script; its returns meet behind the call.
local function follow_here(f, fn, arguments)
  local builder, done, count = f.builder, f.builder.label(), nil
  local key = ("results of %d"):format(builder.frames + 1)
  follow(f, fn, arguments, function(results)
    if count and count ~= #results then
      f:refuse("calls a function that returns %d values here and %d there", count, #results)
    end
    count = #results
    for i, value in ipairs(results) do
      builder.state.slots[key .. i] = value
    end
    builder:jump(done)
  end)
  builder:place(done)
  local results = {}
  for i = 1, builder.state and count or 0 do
    results[i] = builder.state.slots[key .. i]
  end
  return results
end

local function call(f, i, arguments)
  local callee, results = f:get(i.a), nil
  if callee.fn then
    results = follow_here(f, callee.fn, arguments)
  elseif callee.builtin == "ipairs" and arguments[1] and arguments[1].table then
    results = { { walk = constants.elements(f, arguments[1]) } }
  elseif callee.builtin then
    results = calls.call(f, callee.builtin, arguments, i.b > 0 and i.b - 1 or nil)
  else
    f:refuse("calls a value of the record")
  end
  if not f.builder.state then
    return
  elseif i.b == 0 then
    f.rest = results
    return
  end
  for n = 1, i.b - 1 do
    f:set(i.a + n - 1, results[n] or NIL)
  end
end

function steps.CALL(f, i)
  call(f, i, values_from(f, i.a + 2, i.c - 1))
end

function steps.CALLM(f, i)
  call(f, i, values_from(f, i.a + 2, i.c, true))
end

local function tail_call(f, i, arguments)
  local callee = f:get(i.a)
  if callee.fn then
    follow(f, callee.fn, arguments, f.ret)
  elseif callee.builtin then
    -- Who called a function that is followed may take all results, a stage only the first.
    local results = calls.call(f, callee.builtin, arguments, f.depth == 0 and 1 or nil)
    if f.builder.state then
      f.ret(results)
    end
  else
    f:refuse("calls a value of the record")
  end
  f.builder.state = nil
end

function steps.CALLT(f, i)
  tail_call(f, i, values_from(f, i.a + 2, i.d - 1))
end

function steps.CALLMT(f, i)
  tail_call(f, i, values_from(f, i.a + 2, i.d, true))
end

local function returns(f, results)
  f.ret(results)
  f.builder.state = nil
end

function steps.RET0(f)
  returns(f, {})
end

function steps.RET1(f, i)
  returns(f, { f:get(i.a) })
end

function steps.RET(f, i)
  returns(f, values_from(f, i.a, i.d - 1))
end

function steps.RETM(f, i)
  returns(f, values_from(f, i.a, i.d, true))
end

return steps
