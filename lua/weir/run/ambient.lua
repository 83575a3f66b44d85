--- What lambdas may ask of the world: weir.now, weir.random, weir.meta, weir.log, weir.sleep,
-- weir.http_get.
--
-- Time and chance come from here alone, so that tests and replays can repeat them.

local await = require("weir.run.await")
local bit = require("bit")
local cdef = require("weir.cdef")
local costs = require("weir.expr.costs")
local duration = require("weir.lib.duration")
local ffi = require("ffi")
local lambda = require("weir.describe.lambda")
local ops = require("weir.expr.ops")
local record = require("weir.native.record")
local values = require("weir.native.value")

local C = cdef.load("engine/base/clock.h", "engine/sched/flow.h")

local M = {}

local DEFAULT_SEED = 1
local LEVELS = { debug = true, info = true, warn = true, error = true }

local clock = C.weir_clock_real()

-- xorshift32 (Marsaglia, 2003): small, and the same on every machine.
local state = 0

--- Begins the sequence of weir.random anew. Gives what to restore it by.
---@param seed integer
---@return integer before
function M.seed(seed)
  local before = state
  state = bit.tobit(seed * 2654435761 % 2 ^ 32)
  if state == 0 then
    state = DEFAULT_SEED
  end
  return before
end

--- Goes back to a sequence that was left; gives what to come back by.
function M.restore(before)
  local left = state
  state = before
  return left
end

local function next_bits()
  state = bit.bxor(state, bit.lshift(state, 13))
  state = bit.bxor(state, bit.rshift(state, 17))
  state = bit.bxor(state, bit.lshift(state, 5))
  return state % 2 ^ 32
end

--- As math.random: a number in [0, 1), or an integer up to m, or from m to n.
local function random(m, n)
  local fraction = next_bits() / 2 ^ 32
  if not m then
    return fraction
  elseif not n then
    m, n = 1, m
  end
  if n < m then
    error("weir.random: the interval is empty", 2)
  end
  return m + math.floor(fraction * (n - m + 1))
end

local function now()
  return math.floor(tonumber(clock.wall_ns(clock.context)) / 1e6)
end

local function log(level, text)
  if not LEVELS[level] then
    error('weir.log: the level is "debug", "info", "warn" or "error"', 2)
  end
  text = tostring(text)
  costs.pay(costs.SAY)
  costs.pay_text(text)
  io.stderr:write(("%s: %s\n"):format(level, text))
end

local function to_table(value)
  costs.pay(costs.COPY)
  return record.to_table(value)
end

-- Lets others go on for so long.
local function sleep(clock_of_flow)
  return function(time)
    local call = await.here("weir.sleep")
    local ns, expected = duration.parse_ns(time)
    if not ns or ns < 0 then
      error("weir.sleep: " .. (expected or duration.EXPECTED) .. " is needed", 2)
    end
    call.wake_ns = tonumber(clock_of_flow.monotonic_ns(clock_of_flow.context)) + ns
    await.pause()
  end
end

local fetch

-- Few scripts ask a server.
local function asking(name, secrets)
  return function(...)
    fetch = fetch or require("weir.run.fetch").bind(secrets)
    return fetch[name](...)
  end
end

--- Gives the lambdas of this state their functions.
---@param weir table  the public module
---@param flow ffi.cdata*  weir_flow
---@param secrets string?  directory
function M.install(weir, flow, secrets)
  local function meta(r)
    local found = record.meta(r)
    found.path = ffi.string(C.weir_flow_path(flow, found.source, found.partition))
    found.source = ffi.string(C.weir_flow_name(flow, found.source))
    return found
  end
  M.seed(DEFAULT_SEED)
  values.charge = function()
    costs.pay(costs.WRITE)
  end
  ops.use_records({ type = record.type, meta = meta })
  lambda.install(weir, {
    now = now,
    random = random,
    log = log,
    meta = meta,
    to_table = to_table,
    sleep = sleep(C.weir_flow_clock(flow)),
    http_get = asking("http_get", secrets),
    http_post = asking("http_post", secrets),
  })
end

return M
