--- The slow references of the aggregates: `init() -> state`, `add(state, value)`,
-- `result(state)`. Values that are missing or null never reach `add`.

local model = require("weir.op.model")
local null = require("weir.lib.null").null

local M = {}

local function number(value, kind)
  if type(value) ~= "number" then
    error(("%s takes numbers, not a %s"):format(kind, type(value)), 0)
  end
  return value
end

local function new()
  return {}
end

local function kept(state)
  return state.value == nil and null or state.value
end

local function zero()
  return { count = 0, sum = 0 }
end

local function add_number(kind)
  return function(state, value)
    state.sum = state.sum + number(value, kind)
    state.count = state.count + 1
  end
end

M.count = {
  init = zero,
  add = function(state)
    state.count = state.count + 1
  end,
  result = function(state)
    return state.count
  end,
}

M.sum = {
  init = zero,
  add = add_number("sum"),
  result = function(state)
    return state.sum
  end,
}

M.avg = {
  init = zero,
  add = add_number("avg"),
  result = function(state)
    return state.count == 0 and null or state.sum / state.count
  end,
}

M.min = {
  init = new,
  add = function(state, value)
    model.check_orderable(value)
    if state.value == nil or model.before(value, state.value) then
      state.value = value
    end
  end,
  result = kept,
}

M.max = {
  init = new,
  add = function(state, value)
    model.check_orderable(value)
    if state.value == nil or model.before(state.value, value) then
      state.value = value
    end
  end,
  result = kept,
}

M.first = {
  init = new,
  add = function(state, value)
    if state.value == nil then
      state.value = value
    end
  end,
  result = kept,
}

M.last = {
  init = new,
  add = function(state, value)
    state.value = value
  end,
  result = kept,
}

return M
