local json = require("weir.native.json")
local json_model = require("spec.support.json_model")
local null = require("weir.lib.null").null
local rpc = require("weir.serve.rpc")

local random = math.random
local seed = tonumber(os.getenv("SEED")) or os.time()
local CASES = 20000

local methods = {
  echo = function(params)
    return params
  end,
  nothing = function() end,
  refuse = function()
    rpc.refuse(-32001, "not %s", "so")
  end,
  break_ = function()
    error("inside")
  end,
}

local function answer(line)
  local text = rpc.answer(line, methods)
  return text and json_model.decode(text)
end

local function code_of(line)
  local got = answer(line)
  return got.error.code, got.id
end

describe("JSON-RPC", function()
  it("answers a request with what the method gives, and its id", function()
    for _, id in ipairs({ "1", '"a"', "-7", "9007199254740993", "1.50", "1e400" }) do
      local text = rpc.answer(('{"jsonrpc":"2.0","id":%s,"method":"echo","params":{"a":[]}}')
        :format(id), methods)
      assert.equal(('{"id":%s,"jsonrpc":"2.0","result":{"a":[]}}'):format(id), text)
    end
    assert.equal('{"id":null,"jsonrpc":"2.0","result":null}',
      rpc.answer('{"jsonrpc":"2.0","id":null,"method":"nothing"}', methods))
  end)

  it("says nothing to a notification, whatever comes of it", function()
    for _, method in ipairs({ "echo", "refuse", "break_", "none" }) do
      assert.is_nil(rpc.answer(('{"jsonrpc":"2.0","method":"%s"}'):format(method), methods))
    end
  end)

  it("tells what is wrong", function()
    assert.same({ rpc.PARSE, null }, { code_of("garbage") })
    assert.same({ rpc.PARSE, null }, { code_of("") })
    assert.same({ rpc.INVALID, 1 }, { code_of('{"id":1,"method":"echo"}') })
    assert.same({ rpc.INVALID, 1 }, { code_of('{"jsonrpc":"2.0","id":1,"method":5}') })
    assert.equal(rpc.INVALID, (code_of('{"jsonrpc":"2.0","id":{},"method":"echo"}')))
    assert.equal(rpc.INVALID, (code_of('"text"')))
    assert.equal(rpc.INVALID, (code_of("[]")))
    assert.equal(rpc.UNKNOWN, (code_of('{"jsonrpc":"2.0","id":1,"method":"none"}')))
    assert.equal(rpc.PARAMS, (code_of('{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}')))
    assert.equal(-32001, (code_of('{"jsonrpc":"2.0","id":1,"method":"refuse"}')))
    assert.equal(rpc.INTERNAL, (code_of('{"jsonrpc":"2.0","id":1,"method":"break_"}')))
    assert.equal(rpc.PARSE, (code_of(("["):rep(500) .. ("]"):rep(500))))
  end)

  it("answers a batch in one line, without what was a notification", function()
    local got = answer('[{"jsonrpc":"2.0","id":1,"method":"echo"},'
      .. '{"jsonrpc":"2.0","method":"echo"},3]')
    assert.equal(2, #got)
    assert.same({ 1, rpc.INVALID }, { got[1].id, got[2].error.code })
    assert.is_nil(rpc.answer('[{"jsonrpc":"2.0","method":"echo"}]', methods))
  end)

  it("answers anything with a well-formed answer, or not at all", function()
    math.randomseed(seed)
    local pieces = { "{", "}", "[", "]", ",", ":", '"jsonrpc"', '"2.0"', '"method"', '"echo"',
      '"params"', '"id"', "1", "-1e999", "null", "true", '"\\ud800"', '"\255"', "\0", " ", '"',
      "\\", '{"jsonrpc":"2.0","id":1,"method":"echo"}', '{"jsonrpc":"2.0","id":1,"method":',
      '"break_"', '"refuse"', '"\\u0000\\n"' }
    for _ = 1, CASES do
      local parts = {}
      for i = 1, random(12) do
        parts[i] = random(20) == 1 and string.char(random(0, 255)) or pieces[random(#pieces)]
      end
      local line = table.concat(parts)
      local ok, text = pcall(rpc.answer, line, methods)
      assert(ok, ("SEED=%d %q: %s"):format(seed, line, tostring(text)))
      if text then
        assert(not text:find("\n"), line)
        local got = json_model.decode(text)
        for _, each in ipairs(got[1] and got or { got }) do
          assert(each.jsonrpc == "2.0" and (each.result ~= nil) ~= (each.error ~= nil), line)
        end
      end
    end
  end)
end)

describe("JSON of the program", function()
  it("reads what it writes", function()
    local value = { a = { 1, 2.5, "x\n\"\\\1" }, b = { c = true, d = false }, e = json.array({}) }
    assert.same(value, json.decode(json.encode(value)))
  end)

  it("writes what no JSON can hold as null, and strange bytes as question marks", function()
    assert.equal('[null,null,"a?"]', json.encode({ 1 / 0, 0 / 0, "a\255" }))
  end)

  it("takes texts that are JSON already as they are", function()
    assert.equal('{"n":[1.0]}', json.encode({ n = json.array({ json.raw("1.0") }) }))
  end)
end)
