--- Records in requests. The server is a process beside, which ends when it has answered
-- as often as it was told to.

local cjson = require("cjson")
local program = require("spec.support.program")
local sockets = require("spec.support.sockets")
local web = require("spec.support.web")

local place = program.each_place()

local FAST = 'retries = { max = 2, backoff = "1ms", max_backoff = "2ms" }'

-- Sends so many rows with these options to a server that answers so.
local function send(count, options, answers, before, flags)
  place:write("a.jsonl", program.rows(count))
  local port = web.serve(answers, place.path .. "/requests")
  place:write("in.lua", ([[
local weir = require "weir"
weir.from "a.jsonl" :to(weir.http{ url = "http://127.0.0.1:%d/in?key=hush", %s })]]):format(
    port, options))
  local result = place:run(("%s weir run %s in.lua"):format(before or "", flags or ""))
  return result, place:read("requests")
end

local function bodies(requests)
  local out = {}
  for body in requests:gmatch("\r\n\n(.-)\n%-%-\n") do
    out[#out + 1] = body
  end
  return out
end

local function dead()
  return place:records("in.dead.jsonl")
end

describe("records over HTTP", function()
  after_each(sockets.clean)

  it("are lines in the bodies of requests", function()
    local result, requests = send(5, "batch = { records = 2 }", { {}, {}, { status = 204 } })
    assert.equal(0, result.code)
    assert.matches("^POST /in%?key=hush HTTP/1%.1\r\n", requests)
    assert.matches("Content-Type: application/x-ndjson\r\n", requests, 1, true)
    assert.same({ '{"n":1}\n{"n":2}\n', '{"n":3}\n{"n":4}\n', '{"n":5}\n' }, bodies(requests))
    assert.matches("3  http:127.0.0.1:%d+: requests sent", result.err)
    assert.matches("the ledger balances", result.err)
    assert.not_matches("hush", result.err)
  end)

  it("are an array, or what their codec makes of them", function()
    local _, requests = send(3, 'body = "array", method = "PUT"', { {} })
    assert.matches("^PUT ", requests)
    assert.matches("Content-Type: application/json\r\n", requests, 1, true)
    assert.same({ '[{"n":1},{"n":2},{"n":3}]' }, bodies(requests))
    _, requests = send(3, 'codec = "csv", batch = { records = 2 }', { {}, {} })
    assert.matches("Content-Type: text/csv\r\n", requests, 1, true)
    assert.same({ "n\n1\n2\n", "n\n3\n" }, bodies(requests))
  end)

  it("go with the headers that are wanted, and secrets in them", function()
    local headers = [[headers = { ["content-type"] = "text/x", ["X-T"] = weir.secret "T" }]]
    local _, requests = send(1, headers, { {} }, "T=sesame ")
    assert.matches("X-T: sesame\r\n", requests, 1, true)
    assert.matches("content-type: text/x\r\n", requests, 1, true)
    assert.not_matches("ndjson", requests)
  end)

  it("are sent again after what may pass: no answer, 429, 5xx", function()
    for _, first in ipairs({ { drop = true }, { status = 429 }, { status = 503 } }) do
      local result, requests = send(1, FAST, { first, { status = 500 }, {} })
      assert.equal(0, result.code)
      assert.equal(3, #bodies(requests))
      assert.matches("2  http:[%d.:]+: requests retried", result.err)
    end
  end)

  it("wait as long as the server asks for, if that is not too long", function()
    local asked = { status = 429, headers = "Retry-After: 1000\r\n" }
    local result = send(1, FAST, { asked, {} })
    assert.equal(0, result.code)
  end)

  it("are not sent again the sooner the more is asked for", function()
    -- So many seconds are 33 ms past what 64 bits hold of nanoseconds.
    local asked = { status = 429, headers = "Retry-After: 129127208516\r\n" }
    local once = 'retries = { max = 1, backoff = "1ms", max_backoff = "300ms" }'
    local result = send(1, once, { asked, {} }, "", "--summary json")
    assert.equal(0, result.code)
    assert.is_true(cjson.decode(result.err).elapsed_ms >= 300)
  end)

  it("are dead letters with the status when all tries are used up", function()
    local bad = { status = 503, body = "try later\nor not" }
    local result, requests = send(2, FAST .. ", batch = { records = 1 }", { bad, bad, bad, {} })
    assert.equal(0, result.code)
    assert.same({ '{"n":1}\n', '{"n":1}\n', '{"n":1}\n', '{"n":2}\n' }, bodies(requests))
    local letters = dead()
    assert.same({ 1, "ESINK", '{"n":1}' }, { #letters, letters[1].code, letters[1].raw })
    assert.matches("status 503: try later", letters[1].reason, 1, true)
    assert.matches("1  http:[%d.:]+: circuits opened", result.err)
    assert.matches("the ledger balances", result.err)
  end)

  it("have one try while the circuit is open", function()
    local bad = { status = 500 }
    local _, requests = send(4, FAST .. ", batch = { records = 1 }",
      { bad, bad, bad, bad, {}, bad, {} })
    assert.same({ '{"n":1}\n', '{"n":1}\n', '{"n":1}\n', '{"n":2}\n', '{"n":3}\n', '{"n":4}\n',
      '{"n":4}\n' }, bodies(requests))
    assert.equal(2, #dead())
  end)

  for circuit, case in pairs({
    ["an open circuit"] = { [[max = 1, backoff = "1ms", max_backoff = "1h"]], "given_up" },
    ["the pause of a breaker"] = {
      [[max = 9, backoff = "1ms", breaker = { failures = 1, pause = "1h" }]], "retried" },
  }) do
    it(("do not wait for %s to end once the run is stopped"):format(circuit), function()
      local retries, counter = unpack(case)
      place:write("in.lua", ([[
local weir = require "weir"
weir.options{ drain_timeout = "1h" }
weir.from(weir.tail{ path = "a.jsonl" }):to(weir.http{ url = "http://127.0.0.1:%d",
  batch = { records = 1 }, retries = { %s } })]]):format(sockets.free_port(), retries))
      local result = place:run(([[
        printf '{"n":1}\n{"n":2}\n{"n":3}\n' > a.jsonl
        "$WEIR" run --state-dir state in.lua & pid=$!
        until "$WEIR" ctl in stats 2>/dev/null | grep -q 'requests_%s":1'; do
          sleep 0.01
        done
        kill -INT $pid; wait $pid; echo "code $?"]]):format(counter))
      assert.matches("code 0", result.out, 1, true)
      assert.equal(3, #dead())
      assert.matches("1  http:[%d.:]+: circuits opened", result.err)
      assert.matches("the ledger balances", result.err)
    end)
  end

  it("that the server does not want are dead letters at once", function()
    for _, status in ipairs({ 400, 404, 302 }) do
      place:run("rm -f in.dead.jsonl")
      local result, requests = send(2, FAST, { { status = status } })
      assert.equal(0, result.code)
      assert.equal(1, #bodies(requests))
      assert.matches("status " .. status, dead()[2].reason, 1, true)
    end
  end)

  it("that nobody takes are dead letters too", function()
    local closed = sockets.listen()
    closed:close()
    place:write("a.jsonl", '{"n":1}\n')
    place:write("in.lua", ([[
local weir = require "weir"
weir.from "a.jsonl" :to(weir.http{ url = "http://127.0.0.1:%d", %s })]]):format(closed.port, FAST))
    local result = place:run("weir run in.lua")
    assert.equal(0, result.code)
    assert.matches("connect", dead()[1].reason)
  end)

  it("that no HTTP server takes are dead letters that say what url must be", function()
    for _, raw in ipairs({ "220 smtp.test ESMTP\r\n", "HTTP/1.1 099 X\r\n\r\n",
      "HTTP/" .. ("2"):rep(50) .. "\r\n\r\n" }) do
      local result = send(1, "retries = 0", { { raw = raw } })
      assert.equal(0, result.code)
      assert.matches("; url must be that of an HTTP server", dead()[1].reason, 1, true)
    end
  end)

  it("are asked for every so often, and numbered on", function()
    local port = web.serve({ { body = '{"n":1}\n{"n":2}\n' }, { status = 500 }, { body = "[]" },
      { body = '{"n":3}\n{' } }, place.path .. "/requests")
    place:write("in.lua", ([[
local weir = require "weir"
weir.from(weir.http{ url = "http://127.0.0.1:%d/out", every = "5ms", %s })
  :set{ at = "@offset" }:take(3):to(weir.stdout{})]]):format(port, FAST))
    local result = place:run("weir run in.lua")
    assert.same({ 0, '{"n":1,"at":0}\n{"n":2,"at":8}\n{"n":3,"at":18}\n' },
      { result.code, result.out })
    assert.matches("^GET /out HTTP/1%.1\r\n", place:read("requests"))
    assert.not_matches("Content-Type", place:read("requests"))
    assert.matches("the ledger balances", result.err)
  end)

  it("end the run when the first answer is none of use", function()
    for answer, expected in pairs({
      [{ status = 404, body = "no such thing" }] = "status 404: no such thing",
      [{ body = ("x"):rep(2000) }] = "the answer is longer than max_body",
    }) do
      local port = web.serve({ answer }, place.path .. "/requests")
      place:write("in.lua", ([[
local weir = require "weir"
weir.from(weir.http{ url = "http://127.0.0.1:%d", every = "1h", max_body = "1KiB" })
  :to(weir.stdout{})]]):format(port))
      local result = place:run("weir run in.lua")
      assert.equal(1, result.code)
      assert.matches(expected, result.err, 1, true)
    end
  end)

  it("have their mistakes told where they are made", function()
    place:write("a.jsonl", "{}\n")
    for options, expected in pairs({
      ["{}"] = 'option "url" is required',
      ['{ url = "ftp://a" }'] = "must be a URL",
      ['{ url = "http://a", headers = { ["a b"] = "c" } }'] = "names of headers",
      ['{ url = "http://a", headers = { a = "b\\nc" } }'] = "names of headers",
      ['{ url = "http://a", body = "array", codec = "csv" }'] = "is of JSON",
      ['{ url = "http://a", batch = { record = 1 } }'] = 'did you mean "records"?',
    }) do
      place:write("in.lua", ('require("weir").from "a.jsonl" :to(require("weir").http%s)'):format(
        options))
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), options .. result.err)
    end
  end)
end)
