--- Records over TLS, with the programs that others have: openssl and curl.

local program = require("spec.support.program")
local sockets = require("spec.support.sockets")

local place = program.each_place()
local certificates = require("spec.support.certificates").each_block()

local function script(name, text, ...)
  place:write(name, 'local weir = require "weir"\n' .. text:format(...))
end

local function host()
  return ('cert = "%s", key = "%s"'):format(certificates "host.pem", certificates "host.key")
end

local function trust(...)
  return ('ca = "%s"'):format(certificates "ca.pem") .. (...)
end

-- A client that gives up only when nobody listens for long; it says goodbye.
local function s_client(port, more)
  return ("until openssl s_client -connect localhost:%d -CAfile %s -verify_return_error"
    .. " -quiet -no_ign_eof %s <rows >/dev/null 2>&1; do sleep 0.05; done")
    :format(port, certificates "ca.pem", more or "")
end

describe("records over TLS", function()
  after_each(sockets.clean)

  it("arrive, all and in order", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", tls = { %s } }):to "got.jsonl"]], port, host())
    script("out.lua", [[
weir.from "rows.jsonl" :to(weir.tcp{ connect = "localhost:%d", tls = { %s } })]], port, trust(""))
    place:write("rows.jsonl", program.rows(50000))
    local result = place:run_beside('"$WEIR" run -q out.lua || echo failed')
    assert.equal("code 0\n", result.out)
    assert.equal(program.rows(50000), place:read("got.jsonl"))
    assert.matches("the ledger balances", result.err)
  end)

  it("go both ways round: who connects may read, and who listens write", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ connect = "localhost:%d", retries = { max = 1e5, max_backoff = "50ms" },
  tls = { %s } }):take(3):to "got.jsonl"]], port, trust(""))
    place:write("rows", program.rows(3))
    local result = place:run(([[
      mkfifo hold
      cat rows hold | openssl s_server -accept 127.0.0.1:%d -cert %s -key %s -quiet \
        >/dev/null 2>&1 & server=$!
      weir run -q in.lua; echo "code $?"; kill $server; : >hold]]):format(port,
      certificates "host.pem", certificates "host.key"))
    assert.equal("code 0\n", result.out, result.err)
    assert.equal(program.rows(3), place:read("got.jsonl"))
  end)

  it("are syslog as RFC 5425 has it, of peers that show who they are", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.syslog{ listen = "127.0.0.1:%d", tls = { %s, %s } })
  :select("host", "app", "message"):to "got.jsonl"]], port, host(), trust(""))
    local function message(text)
      local line = "<34>1 2026-03-02T08:00:02Z web-1 shop - - - " .. text
      return #line .. " " .. line
    end
    place:write("rows", message("one") .. message("two\nlines"))
    local result = place:run_beside(s_client(port,
      ("-cert %s -key %s"):format(certificates "client.pem", certificates "client.key")))
    assert.equal("code 0\n", result.out, result.err)
    assert.equal('{"host":"web-1","app":"shop","message":"one"}\n'
      .. '{"host":"web-1","app":"shop","message":"two\\nlines"}\n', place:read("got.jsonl"))
  end)

  for _, version in ipairs({ "-tls1_2", "-tls1_3" }) do
    it("come from others: " .. version, function()
      local port = sockets.free_port()
      script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", tls = { %s } }):to "got.jsonl"]], port, host())
      place:write("rows", program.rows(2000))
      local result = place:run_beside(s_client(port, version))
      assert.equal("code 0\n", result.out, result.err)
      assert.equal(program.rows(2000), place:read("got.jsonl"))
      assert.not_matches("cut", result.err)
    end)
  end

  it("come from nobody who wants to begin anew, or speaks something old", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", tls = { %s } }):to "got.jsonl"]], port, host())
    place:write("rows", program.rows(1))
    local result = place:run_beside(s_client(port) .. ([[

      # Its input goes on until it has an answer, as it leaves when that ends.
      mkfifo answered
      { echo R; cat answered; } | openssl s_client -connect localhost:%d -tls1_2 2>&1 |
        { grep -m 1 -o ":no renegotiation"; echo >answered; cat >/dev/null; }
      openssl s_client -connect localhost:%d -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null \
        >/dev/null 2>&1 && echo "let in"]]):format(port, port))
    assert.matches("no renegotiation", result.out)
    assert.not_matches("let in", result.out)
    assert.matches("1  tcp:127.0.0.1:%d+: handshakes failed", result.err)
  end)

  it("come from nobody who speaks HTTP, and go on", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", tls = { %s } }):to "got.jsonl"]], port, host())
    place:write("rows", program.rows(10))
    local result = place:run_beside(s_client(port) .. ([[

      curl -s http://127.0.0.1:%d/; echo "curl $?"
      ]]):format(port) .. s_client(port))
    assert.matches("curl [15]", result.out)
    assert.matches("1  tcp:127.0.0.1:%d+: handshakes failed", result.err)
    assert.equal(program.rows(10):rep(2), place:read("got.jsonl"))
  end)

  it("are not sent to a peer that is not trusted", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", tls = { %s } }):to "got.jsonl"]], port, host())
    script("out.lua", [[
weir.from "rows" :to(weir.tcp{ connect = "localhost:%d", tls = true })]], port)
    script("unsafe.lua", [[
weir.from "rows" :to(weir.tcp{ connect = "localhost:%d",
  tls = { insecure_accept_any_certificate = true } })]], port)
    place:write("rows", program.rows(2))
    local result = place:run_beside(s_client(port) .. [[

      weir run out.lua; echo "code $?"; weir check unsafe.lua; weir run -q unsafe.lua]])
    assert.matches("^code 1\n", result.out)
    assert.matches("whoever is in between can read along", result.out)
    assert.matches("issued by /CN=spec%-authority, which nothing here knows", result.err)
    assert.equal(program.rows(2) .. program.rows(2), place:read("got.jsonl"))
  end)

  -- A server of files that wants to know who asks.
  local function web(port, line)
    return place:run(([[
      openssl s_server -accept 127.0.0.1:%d -WWW -cert %s -key %s -Verify 1 -verify_return_error \
        -CAfile %s >/dev/null 2>&1 & server=$!
      %s
      kill $server]]):format(port, certificates "host.pem", certificates "host.key",
      certificates "ca.pem", line))
  end

  it("come by https, from a server that asks for certificates", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.http{ url = "https://localhost:%d/rows", every = "20ms", codec = "json",
  retries = { max = 1e5, max_backoff = "20ms" }, tls = { %s, cert = "%s", key = "%s" } })
  :take(4):to "got.jsonl"]], port, trust(""), certificates "client.pem", certificates "client.key")
    place:write("rows", program.rows(2))
    local result = web(port, 'weir run in.lua; echo "code $?"')
    assert.equal("code 0\n", result.out, result.err)
    assert.equal(program.rows(2) .. program.rows(2), place:read("got.jsonl"))
  end)

  it("are asked about by https, where the server is trusted, and no other", function()
    local port = sockets.free_port()
    place:write("one.jsonl", program.rows(1))
    place:write("rows", "found")
    local ask = [[
weir.from "one.jsonl" :map_async(function(r)
    r.rows = weir.http_get("https://localhost:%d/rows", { %s }).body
  end, { retries = { max = %d, max_backoff = "20ms" } }):to(weir.stdout{})]]
    script("in.lua", ask, port, ('tls = { %s, cert = "%s", key = weir.secret "KEY" }'):format(
      trust(""), certificates "client.pem"), 1e5)
    script("other.lua", ask, port, "", 0)
    script("plain.lua", ask:gsub("https", "http"), port, "tls = true", 0)
    local result = web(port, ([[
      export KEY="$(cat %s)"; weir run -q in.lua; weir run -q other.lua; weir run -q plain.lua]])
      :format(certificates "client.key"))
    assert.equal('{"n":1,"rows":"found"}\n', result.out, result.err)
    assert.matches("says whom to trust", place:read("other.dead.jsonl"))
    assert.matches("plain.lua:3: weir.http_get: tls is for https", place:read("plain.dead.jsonl"))
  end)

  it("go by https, to a server that is trusted, and to no other", function()
    local port = sockets.free_port()
    place:write("rows.jsonl", program.rows(1))
    place:write("answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    local out = [[
weir.from "rows.jsonl" :to(weir.http{ url = "https://localhost:%d/in", tls = { %s },
  retries = { max = %d, max_backoff = "20ms" } })]]
    script("out.lua", out, port, trust(""), 1e5)
    script("other.lua", out, port, ('ca = "%s"'):format(certificates "alone.pem"), 0)
    local result = place:run(([[
      mkfifo hold
      cat answer hold | openssl s_server -accept 127.0.0.1:%d -quiet -cert %s -key %s \
        >got 2>/dev/null & server=$!
      weir run out.lua; echo "code $?"
      weir run -q other.lua; kill $server; : >hold]]):format(port, certificates "host.pem",
      certificates "host.key"))
    assert.equal("code 0\n", result.out, result.err)
    assert.matches("^POST /in HTTP/1.1\r\n.*{\"n\":1}\n", place:read("got"))
    assert.matches("says whom to trust", place:read("other.dead.jsonl"))
  end)

  it("are not asked for over https with certificates that are wrong", function()
    script("in.lua", [[
weir.from(weir.http{ url = "https://localhost:1/", every = "1m", codec = "json",
  tls = { cert = "%s", key = "%s" } }):to "got.jsonl"]], certificates "host.pem",
      certificates "client.key")
    for _, command in ipairs({ "check", "run" }) do
      local result = place:run("weir " .. command .. " in.lua")
      assert.is_true(result.code ~= 0)
      assert.matches("it does not belong to the certificate", result.out .. result.err)
    end
  end)

  it("take certificates out of secrets", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d",
  tls = { cert = weir.secret "CERT", key = weir.secret "KEY" } }):to "got.jsonl"]], port)
    place:write("rows", program.rows(2))
    place:run(("mkdir secrets; cp %s secrets/CERT; cp %s secrets/KEY"):format(
      certificates "host.pem", certificates "host.key"))
    local result = place:run([[
      weir check in.lua
      "$WEIR" run --secrets secrets in.lua 2>log & pid=$!
      ]] .. s_client(port) .. [[

      kill -INT $pid; wait $pid]])
    assert.equal(0, result.code, result.err)
    assert.equal(program.rows(2), place:read("got.jsonl"))
    assert.not_matches("BEGIN", place:read("log"))
  end)

  it("are refused before anything begins where certificates are wrong", function()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:1", tls = { cert = "%s", key = "%s" } }):to "got.jsonl"]],
      certificates "expired.pem", certificates "host.key")
    for _, command in ipairs({ "check", "run" }) do
      local result = place:run("weir " .. command .. " in.lua")
      assert.is_true(result.code ~= 0)
      assert.matches("the certificate of /CN=localhost expired on", result.out .. result.err)
    end
  end)
end)
