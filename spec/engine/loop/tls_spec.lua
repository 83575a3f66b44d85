local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/loop/tls.h")

local certificates = require("spec.support.certificates").each_block()

-- What is wrong with these options, or nil and how long they are good.
local function problem(options)
  local out, message = ffi.new("weir_tls *[1]"), ffi.new("char[512]")
  if C.weir_tls_new(out, ffi.new("weir_tls_options", options), message, 512) ~= 0 then
    return ffi.string(message)
  end
  local days = tonumber(C.weir_tls_days_left(out[0]))
  C.weir_tls_free(out[0])
  return nil, days
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

describe("certificates", function()
  it("are good for so many days", function()
    local found, days = problem({
      cert = certificates "host.pem", key = certificates "host.key", ca = certificates "ca.pem",
    })
    assert.is_nil(found)
    assert.is_true(days == 3649 or days == 3650)
    assert.is_nil(problem({}))
  end)

  it("stand in files or in texts, and a key beside its certificate", function()
    local cert, key = read(certificates "host.pem"), read(certificates "host.key")
    assert.is_nil(problem({ cert = cert, key = key, ca = cert }))
    assert.is_nil(problem({ cert = cert .. key, listens = 1 }))
  end)

  it("stand in a folder, where they are of authorities", function()
    assert.is_nil(problem({ ca = "/etc/ssl/certs" }))
  end)

  it("are missed, with the name of the option and of the file", function()
    assert.matches('^cert "none%.pem": .*; the path begins where weir is started',
      problem({ cert = "none.pem" }))
    assert.matches('^ca "none%.pem"', problem({ ca = "none.pem" }))
    assert.matches('^key "none%.key"',
      problem({ cert = certificates "host.pem", key = "none.key" }))
  end)

  it("do not fit each other", function()
    assert.matches('^key ".*client%.key": it does not belong to the certificate',
      problem({ cert = certificates "host.pem", key = certificates "client.key" }))
  end)

  it("have expired", function()
    assert.matches('^cert ".*expired%.pem": the certificate of /CN=localhost expired on %d+%-',
      problem({ cert = certificates "expired.pem", key = certificates "host.key" }))
  end)

  it("are none", function()
    assert.matches("no certificate in it", problem({ cert = certificates "host.key" }))
    assert.matches("no certificate in it", problem({ ca = "/dev/null" }))
    assert.matches("no key in it", problem({ cert = certificates "host.pem" }))
  end)

  it("have a key that only its password opens", function()
    local path = certificates "locked.key"
    os.execute(("openssl pkcs8 -topk8 -in %s -out %s -passout pass:sesame")
      :format(certificates "host.key", path))
    local function with(password)
      return problem({ cert = certificates "host.pem", key = path, password = password })
    end
    assert.is_nil(with("sesame"))
    assert.matches("the password does not open it", with("guess"))
    assert.matches('say password = weir.secret', with(nil))
  end)

  it("survive whatever stands in their files", function()
    local text = read(certificates "host.pem") .. read(certificates "host.key")
    local seed = os.time()
    math.randomseed(seed)
    for _ = 1, 100 do
      local at = math.random(#text)
      local broken = math.random() < 0.5 and text:sub(1, at)
        or text:sub(1, at - 1) .. string.char(math.random(0, 255)) .. text:sub(at + 1)
      if broken:find("^%-%-%-%-%-BEGIN ") and not broken:find("%z") then
        local found = problem({ cert = broken })
        assert(found == nil or #found > 20, "seed " .. seed)
      end
    end
  end)
end)
