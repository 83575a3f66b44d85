--- Whatever a script passes, it is told at its own line; weir itself never stumbles.

local graph = require("weir.describe.graph")
local stream = require("weir.describe.stream")
local weir = require("weir")

local SEED = tonumber(os.getenv("SEED")) or 20

local functions = {
  "from", "options", "params", "param", "secret", "value", "count", "sum", "avg", "min", "max",
  "first", "last", "file", "stdin", "stdout", "memory", "concat", "generate", "sqlite", "discard",
  "json", "csv", "tsv", "lines", "logfmt", "pattern",
}

local words = {
  "x", "", "a.b", "x >", "100%", "%s%d", "csv", "%{IP:client}", ("x"):rep(300), "\0", "-price",
  "10s", "64KiB", "stop", "x == 'y'", "a\nb", "\255\254",
}

local numbers = { 0, 1, -1, 1.5, 2 ^ 60, 0 / 0, 1 / 0 }

local keys = {
  "path", "codec", "name", "where", "by", "n", "key", "into", "on_error", "parallel", "when", "x",
  "records", "fn", "count", "pattern", "type", "default", "table", "query", 1, 2, 3, 0.5, true,
}

local function pick(list)
  return list[math.random(#list)]
end

local any

local function random_table(depth)
  local out = {}
  for _ = 1, math.random(0, 4) do
    local value = any(depth + 1)
    if math.random() < 0.4 then
      out[#out + 1] = value
    else
      out[pick(keys)] = value
    end
  end
  return out
end

local function passes(s)
  return s
end

function any(depth)
  local kind = math.random(12)
  if kind <= 4 then
    return pick(words)
  elseif kind == 5 then
    return pick(numbers)
  elseif kind <= 8 and depth < 3 then
    return random_table(depth)
  elseif kind == 9 then
    return pick({ passes, type, function() end })
  elseif kind == 10 then
    return math.random() < 0.5
  elseif kind == 11 then
    return pick({ weir.null, weir.secret("S"), weir.count(), weir.csv(), weir.value(1) })
  elseif kind == 12 then
    return pick({ weir.stdin(), weir.discard(), weir.from("b"), coroutine.create(type) })
  end
  return nil
end

-- Called from a chunk of its own, so that messages must name this one.
local call = assert(loadstring("local f = ...; f.result = f.fn(unpack(f.args, 1, f.n))\n",
  "@traffic.lua"))

local function attempt(fn, args, count)
  local ok, message = pcall(call, { fn = fn, args = args, n = count })
  assert(ok or type(message) == "string" and message:find("^traffic%.lua:1: ")
    or tostring(message):find("^[%w_/.]*misuse_spec%.lua:%d+: "), tostring(message))
  return ok
end

describe("misuse", function()
  it(("is told at the script's line, seed %d"):format(SEED), function()
    math.randomseed(SEED)
    local methods = stream.methods()
    local accepted, refused = 0, 0
    for _ = 1, 4000 do
      graph.begin("traffic", { env = function() end })
      local self = weir.from("a")
      local fn, args, count = weir[pick(functions)], {}, 0
      if math.random() < 0.6 then
        fn, args, count = self[pick(methods)], { self }, 1
      end
      for _ = 1, math.random(0, 3) do
        count = count + 1
        args[count] = any(0)
      end
      if attempt(fn, args, count) then
        accepted = accepted + 1
      else
        refused = refused + 1
      end
      local ok, message = pcall(graph.finish)
      assert(ok or type(message) == "string" and not message:find("lua/weir/", 1, true), message)
    end
    assert.is_true(accepted > 100 and refused > 100)
  end)
end)
