--- Records that wait for a server. What the server waits for is that requests are there, so
-- that no spec depends on how fast anything is.

local program = require("spec.support.program")
local sockets = require("spec.support.sockets")
local web = require("spec.support.web")

local place = program.each_place()

local function rows(count)
  place:write("a.jsonl", program.rows(count))
end

-- A script whose function is given, with PORT in it.
local function script(port, fn, options, rest)
  place:write("in.lua", ([[
local weir = require "weir"
weir.from "a.jsonl" :map_async(%s, { %s })%s:to(weir.stdout{})]]):format(
    (fn:gsub("PORT", port)), options or "", rest or ""))
end

local function dead()
  return place:records("in.dead.jsonl")
end

local ASK = 'function(r) r.path = weir.http_get("http://127.0.0.1:PORT/" .. r.n).body end'

describe("map_async with a server", function()
  after_each(sockets.clean)

  it("asks for many records at once, and answers in their order", function()
    rows(8)
    script(web.crowds({ 4, 4 }), ASK, "concurrency = 4")
    local result = place:run("weir run in.lua")
    local expected = {}
    for n = 1, 8 do
      expected[n] = ('{"n":%d,"path":"/%d"}\n'):format(n, n)
    end
    assert.same({ 0, table.concat(expected) }, { result.code, result.out })
    assert.matches("8  map_async: waits", result.err, 1, true)
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("asks for each as soon as there is room, if order does not matter", function()
    rows(12)
    script(web.crowds({ 4, 4, 4 }), ASK, "concurrency = 4, ordered = false")
    local result = place:run("weir run in.lua")
    local seen = {}
    for n in result.out:gmatch('{"n":(%d+)') do
      seen[#seen + 1] = tonumber(n)
    end
    table.sort(seen)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, seen)
  end)

  it("leaves the one worker to the rest of the pipeline", function()
    rows(3)
    local silent = web.silent()
    place:write("in.lua", ([[
local weir = require "weir"
weir.options{ drain_timeout = "10ms" }
local s = weir.from "a.jsonl"
s:map_async(function() weir.http_get "http://127.0.0.1:%d/" end, { concurrency = 2 })
  :to(weir.discard{})
s:set{ m = "n * 2" }:to(weir.stdout{})]]):format(silent))
    -- The other branch has all come while nobody answers.
    local result = place:run([[
      mkfifo pipe; "$WEIR" run --workers 1 in.lua >pipe 2>log & pid=$!
      { for i in 1 2 3; do read -r line <&3; echo "$line"; done; kill -INT $pid
        wait $pid; echo "code $?"; } 3<pipe]])
    assert.matches('^{"n":1,"m":2}\n{"n":2,"m":4}\n{"n":3,"m":6}\ncode %d+\n', result.out)
  end)

  it("gives status, headers and body, and what the body says", function()
    rows(1)
    local port = web.serve({ { status = 404, headers = "X-A: 1\r\nx-a: 2\r\n",
      body = ' {"a":[1,null],"b":[],"big":12345678901234567890} ' } }, place.path .. "/requests")
    script(port, [[function(r)
      local answer = weir.http_get("http://127.0.0.1:PORT/q?x=1", {
        headers = { Accept = "x/y", Token = weir.secret "HUSH" } })
      r.status = answer.status
      r.x = answer.headers["x-a"]
      r.json = answer:json()
    end]])
    local result = place:run("HUSH=sesame weir run in.lua")
    assert.equal('{"n":1,"status":404,"x":"1, 2","json":{"a":[1,null],"b":[],'
      .. '"big":12345678901234567890}}\n', result.out)
    assert.matches("^GET /q%?x=1 HTTP/1%.1\r\n.*Accept: x/y\r\n.*Token: sesame\r\n",
      place:read("requests"))
  end)

  it("posts what it is given, a text or a value", function()
    rows(2)
    script(web.serve({ { body = "1" }, { body = "2" } }, place.path .. "/requests"), [[function(r)
      local body = r.n == 1 and "plain" or { n = r.n, all = weir.list{}, none = weir.null, of = r }
      r.got = weir.http_post("http://127.0.0.1:PORT/", body, {
        headers = r.n == 2 and { ["X-A"] = "b" } or nil }):json()
    end]], "concurrency = 1")
    assert.equal('{"n":1,"got":1}\n{"n":2,"got":2}\n', place:run("weir run in.lua").out)
    local requests = place:read("requests")
    assert.matches("^POST / HTTP/1.1\r\n.*Content%-Type: text/plain\r\n.*\r\n\nplain\n", requests)
    assert.matches('Content-Type: application/json\r\n', requests, 1, true)
    assert.matches('X-A: b\r\n', requests, 1, true)
    assert.matches('\n{"all":[],"n":2,"none":null,"of":{"n":2}}\n', requests, 1, true)
  end)

  it("reads headers that go on in another line, however long that is", function()
    rows(1)
    local headers = "A: 1\r\n" .. " " .. ("x"):rep(60000) .. "\r\nB: 2\r\n"
    script(web.serve({ { headers = headers } }, place.path .. "/requests"), [[function(r)
      local given = weir.http_get("http://127.0.0.1:PORT/").headers
      r.ab = { #given.a, given.b }
    end]])
    assert.equal('{"n":1,"ab":[60002,"2"]}\n', place:run("weir run in.lua").out)
  end)

  -- An older libcurl takes it for more of a header of the last answer.
  it("outlives an answer that begins in the middle of a header", function()
    rows(40)
    local answers = {}
    for n = 1, 39, 2 do
      answers[n] = { headers = "A: 1\r\n " .. ("x"):rep(100 * n) .. "\r\n" }
      answers[n + 1] = { raw = "HTTP/1.1 200 X\r\n b: " .. ("y"):rep(9000) .. "\r\n\r\n" }
    end
    script(web.serve(answers, place.path .. "/requests"), ASK, "concurrency = 1")
    local result = place:run("weir run in.lua")
    assert.equal(0, result.code)
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("tries again what may pass, and says at last what it was", function()
    rows(1)
    local retries = 'retries = { max = 2, backoff = "1ms", max_backoff = "2ms" }'
    local path = place.path .. "/requests"
    script(web.serve({ { drop = true }, { status = 429, headers = "Retry-After: 9\r\n" },
      { body = "x" } }, path), ASK, retries)
    local result = place:run("weir run in.lua")
    assert.equal('{"n":1,"path":"x"}\n', result.out)
    assert.matches("2  map_async: retries", result.err, 1, true)
    script(web.serve({ { status = 500 }, { status = 500 }, { status = 503 } }, path), ASK, retries)
    place:run("weir run in.lua")
    assert.matches("in.lua:2: weir.http_get: status 503", dead()[1].reason, 1, true)
  end)

  it("refuses an address of a length that no server takes", function()
    rows(1)
    script("1", [[function() weir.http_get("http://a/" .. ("x"):rep(9e6)) end]])
    assert.equal(0, place:run("weir run in.lua").code)
    assert.matches("the URL has 9000009 bytes, and may have 1048576", dead()[1].reason, 1, true)
  end)

  it("does not try again what the function itself raised", function()
    rows(1)
    script(web.serve({ { status = 404 } }, place.path .. "/requests"), [[function(r)
      if weir.http_get("http://127.0.0.1:PORT/").status == 404 then error "unknown" end
    end]], "retries = 5")
    place:run("weir run in.lua")
    assert.matches("unknown", dead()[1].reason, 1, true)
  end)

  it("pauses when so many have failed in a row", function()
    rows(3)
    script(web.serve({ { status = 500 }, { status = 500 }, { body = "x" }, { body = "x" },
      { body = "x" } }, place.path .. "/requests"), ASK, [[concurrency = 1,
      retries = { max = 5, backoff = "1ms", breaker = { failures = 2, pause = "2ms" } }]])
    local result = place:run("weir run in.lua")
    assert.equal(('{"n":%d,"path":"x"}\n'):rep(3):format(1, 2, 3), result.out)
    assert.matches("1  map_async: pauses", result.err, 1, true)
  end)

  it("gives up a record that is not done in time", function()
    rows(2)
    script(web.silent(), ASK, 'timeout = "20ms", retries = 9')
    local result = place:run("weir run in.lua")
    assert.same({ 0, "" }, { result.code, result.out })
    assert.matches("2  map_async: timeouts", result.err, 1, true)
    assert.same({ "ETIMEDOUT", '{"n":2}' }, { dead()[2].code, dead()[2].raw })
    assert.matches("map_async: not done within its timeout of 0.02 s", dead()[1].reason, 1, true)
    script(web.silent(),
      'function() weir.http_get("http://127.0.0.1:PORT/", { timeout = "9ms" }) end')
    place:run("weir run in.lua")
    assert.matches("in.lua:2: weir.http_get: Operation timed out", dead()[3].reason, 1, true)
  end)

  it("refuses answers that are too long, or no JSON, and servers that are not there", function()
    rows(4)
    local port = web.serve({ { body = "long" }, { body = "{" } }, place.path .. "/requests")
    script(port, ([[function(r)
      if r.n == 1 then weir.http_get("http://127.0.0.1:PORT/", { max_body = "3B" }) end
      if r.n == 2 then weir.http_get("http://127.0.0.1:PORT/"):json() end
      if r.n == 3 then weir.http_get("http://127.0.0.1:%d/") end
      if r.n == 4 then weir.http_get("http://127.0.0.1:99999/") end
    end]]):format(sockets.free_port()), "concurrency = 1, retries = { max = 1, backoff = '1ms' }")
    local result = place:run("weir run in.lua")
    assert.matches("1  map_async: retries", result.err, 1, true) -- the rest will not pass
    local letters = dead()
    assert.matches("the answer is longer than max_body", letters[1].reason, 1, true)
    assert.matches("the answer is not JSON", letters[2].reason, 1, true)
    assert.same({ "EMSGSIZE", "ELAMBDA", "ECONNREFUSED", "EINVAL" },
      { letters[1].code, letters[2].code, letters[3].code, letters[4].code })
  end)

  it("waits at a stop for what is under way", function()
    os.execute("mkfifo " .. place.path .. "/go")
    local port = web.held(place.path .. "/go")
    place:write("in.lua", ([[
local weir = require "weir"
weir.from(weir.exec{ command = "echo '{\"n\":1}\n{\"n\":2}'; exec sleep 99" })
  :map_async(function(r)
    if r.n == 2 then r.path = weir.http_get("http://127.0.0.1:%d/x").body end
  end):to(weir.stdout{})]]):format(port))
    local result = place:run([[
      mkfifo pipe; "$WEIR" run -q in.lua >pipe & pid=$!
      { read -r line <&3; kill -INT $pid; echo >go; cat <&3; wait $pid; echo "code $?"; } 3<pipe]])
    assert.equal('{"n":2,"path":"/x"}\ncode 0\n', result.out)
  end)

  it("gives up at drain_timeout", function()
    rows(2)
    script(web.silent(), [[function(r)
      if r.n == 2 then weir.http_get "http://127.0.0.1:PORT/" end
    end]])
    local text = place:read("in.lua"):gsub("\n", '\nweir.options{ drain_timeout = "10ms" }\n', 1)
    place:write("in.lua", text)
    local result = place:run([[
      mkfifo pipe; "$WEIR" run in.lua >pipe 2>log & pid=$!
      { read -r line <&3; kill -INT $pid; wait $pid; echo "code $?"; } 3<pipe; cat log]])
    assert.matches("not all that was under way arrived within drain_timeout", result.out, 1, true)
  end)
end)
