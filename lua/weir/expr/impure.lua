--- What scripts may ask of the world while they describe: clock, chance, environment.
--
-- The script runs once in each state and must build the same graph in all. So the
-- first state records what these functions answer and the others play it back, in
-- order; chance is seeded alike. Once described, they answer the truth.
--
-- A recording is a plain table that can be sent as text:
-- `{ seed = 1, [1] = "s12", [2] = "n" }`: the kind of an answer and its text.

local costs = require("weir.expr.costs")

local M = {}

local ASKED = 20 -- charges; the system answers

local function pack(value)
  local kind = type(value)
  if kind == "number" then
    return "d" .. ("%.17g"):format(value)
  elseif kind == "string" then
    return "s" .. value
  end
  return "n"
end

local function unpack_answer(answer)
  local kind, rest = answer:sub(1, 1), answer:sub(2)
  if kind == "d" then
    return tonumber(rest)
  elseif kind == "s" then
    return rest
  end
  return nil
end

--- Makes the functions, and the switch that starts and ends a recording.
---@return table os  time, date, clock, getenv, difftime
---@return fun(recording: table?)  begins to record into an empty one, to play a full one; nil ends
function M.new()
  local tape, at, playing = nil, 0, false

  local function answer(fn)
    return function(...)
      if not tape then
        costs.pay(ASKED)
        return fn(...)
      end
      at = at + 1
      if playing and tape[at] then
        return unpack_answer(tape[at])
      end
      local value = fn(...)
      if type(value) ~= "table" then
        tape[at] = pack(value)
      end
      return value
    end
  end

  local library = {
    time = answer(os.time),
    date = answer(os.date),
    clock = answer(os.clock),
    getenv = answer(os.getenv),
    difftime = os.difftime,
  }

  local function switch(recording)
    tape, at = recording, 0
    if recording then
      playing = recording.seed ~= nil
      recording.seed = recording.seed or os.time() % 2 ^ 31
      math.randomseed(recording.seed)
    end
  end

  return library, switch
end

return M
