-- Texts are views of the input where a lambda is lifted, and records are handles of a batch
-- where it is not. No lambda can tell: whole pipelines give what plain Lua tables give,
-- lifted and not, with the same errors at the same lines.

local cases = require("spec.support.view_cases")
local cjson = require("cjson")
local driver = require("spec.support.driver")
local engine_support = require("spec.support.engine")
local json = require("spec.support.json_model")
local null = require("weir.lib.null").null
local pipelines = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine_support.load("engine/data/json.h")

local directory
local LONG = 80

local function nulls(value)
  if value == cjson.null then
    return null
  elseif type(value) == "table" then
    for key, member in pairs(value) do
      value[key] = nulls(member)
    end
  end
  return value
end

local function decode(text)
  return nulls(cjson.decode(text))
end

-- What is too long to be read where a case fails, by its size and hash.
local function brief(text)
  local sum = 0
  for i = 1, #text > LONG * 4 and #text or 0 do
    sum = (sum * 31 + text:byte(i)) % 2 ^ 40
  end
  return sum == 0 and text or ("%s... %d bytes, %d"):format(text:sub(1, LONG), #text, sum)
end

-- An error; a null is named as such where the engine has the words.
local function words(problem)
  local text = tostring(problem):gsub("userdata", "null")
  return brief((text:gsub("field '%w+': not valid", "a text is not valid")))
end

-- What Lua itself gives: the same lambda over tables.
local function plain_environment()
  local env = { weir = { null = null, to_table = function(value) return value end } }
  for _, name in ipairs({ "type", "tostring", "tonumber", "pairs", "ipairs", "pcall", "error",
    "assert", "select", "unpack", "rawequal", "string", "table", "math", "bit" }) do
    env[name] = _G[name]
  end
  -- Creating coroutines is left to scripts as well.
  env.coroutine = coroutine
  return env
end

local function plain(body, records)
  local source = ("\n\n%s\nreturn function(r) %s end"):format(cases.PRELUDE, body)
  local fn = setfenv(assert(loadstring(source, "@test.lua")), plain_environment())()
  local out, errors = {}, {}
  for _, text in ipairs(records) do
    local given = decode(text)
    local ok, result = pcall(fn, given)
    local written = ok and json.canonical(result == nil and given or result)
    if ok and tonumber(C.weir_utf8_check(written, #written)) == #written then
      out[#out + 1] = brief(written)
    else
      -- Lua stores any bytes; a record does not.
      errors[#errors + 1] = ok and "test.lua:4: a text is not valid UTF-8" or words(result)
    end
  end
  return { out = out, errors = errors }
end

local function engine(body, path, lift)
  local clock, now = driver.clock()
  local script = ('local weir = require "weir"\nlocal s = weir.from %q\n%s\n'
    .. 's:map(function(r) %s end)\n:to(weir.memory{ name = "out" })\n'
    .. 'weir.dead_letters():to(weir.memory{ name = "dead" })'):format(path, cases.PRELUDE, body)
  local opened, err = pipelines.open({
    text = script, path = "test.lua", options = { clock = clock, lift = lift },
  })
  assert(opened, err and err.message)
  assert(opened:start(false))
  local runner = driver.runner(worker.prepare(opened.flow, opened:setup(), 1))
  driver.run(opened.flow, runner.c, now)
  runner:free()
  local rows = driver.outputs(opened)
  opened:close()
  local out, errors = {}, {}
  for i, text in ipairs(rows.out) do
    out[i] = brief(json.canonical(decode(text)))
  end
  for i, text in ipairs(rows.dead) do
    errors[i] = words((decode(text).reason:gsub(" %(record %d+%)$", "")))
  end
  return { out = out, errors = errors }
end

local function differences(wanted, got, how)
  local found = {}
  for _, part in ipairs({ "out", "errors" }) do
    for i = 1, math.max(#wanted[part], #got[part]) do
      local a, b = tostring(wanted[part][i]), tostring(got[part][i])
      found[#found + 1] = a ~= b and ("%s %d, %s:\n  %s\n  %s"):format(part, i, how, a, b) or nil
    end
  end
  return table.concat(found, "\n")
end

describe("a lambda cannot tell views and handles from Lua's texts and tables:", function()
  local path

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    directory = pipe:read("*l")
    pipe:close()
    path = directory .. "/in.jsonl"
    local file = assert(io.open(path, "wb"))
    file:write(table.concat(cases.records, "\n"), "\n")
    file:close()
  end)

  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  for _, body in ipairs(cases.bodies) do
    it(body, function()
      local wanted = plain(body, cases.records)
      assert.equal("", differences(wanted, engine(body, path, false), "row by row"))
      assert.equal("", differences(wanted, engine(body, path, true), "lifted"))
    end)
  end

  for _, body in ipairs(cases.outlived) do
    it("or is told so: " .. body, function()
      local by_row, lifted = engine(body, path, false), engine(body, path, true)
      assert.equal("", differences(by_row, lifted, "lifted"))
      assert.matches("^test.lua:4: .*used after the call that received it", by_row.errors[1])
    end)
  end
end)
