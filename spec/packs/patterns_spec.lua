local patterns = require("weir.expr.patterns")
local support = require("spec.support.pattern")

local function parse(name, text)
  local rows, faults = support.stock(name)(text)
  return rows, faults
end

describe("stock patterns", function()
  for _, name in ipairs(patterns.list()) do
    it(name .. " reads its example", function()
      local rows, faults = parse(name, patterns.find(name).example)
      assert.same({}, faults)
      assert.equal(1, #rows)
      assert.is_not_nil(rows[1].time)
    end)
  end

  it("are those that weir promises", function()
    assert.same({
      "apache.access", "apache.combined", "apache.common", "apache.error", "dpkg", "hdfs",
      "linux.messages", "nginx.access", "nginx.error", "openssh", "openstack.nova",
      "syslog.3164", "syslog.5424",
    }, patterns.list())
  end)

  it("name the nearest when there is none", function()
    local pack, message = patterns.find("nginx.acces")
    assert.is_nil(pack)
    assert.equal('no stock pattern is called "nginx.acces"; did you mean "nginx.access"?', message)
  end)

  it("read requests that are none, and what is missing", function()
    local rows = parse("apache.combined", table.concat({
      [[1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "-" 408 - "-" "-"]],
      [[host.example.com - "a b" [10/Oct/2000:13:55:36 -0700] "\x16\x03 \"" 400 0 "-" "x\"y"]],
      [[::1 - - [10/Oct/2000:13:55:36 -0700] "GET /a b HTTP/1.1" 200 5 "" ""]],
    }, "\n"))
    local time = "10/Oct/2000:13:55:36 -0700"
    assert.same({
      { client = "1.2.3.4", time = time, status = { number = "408" } },
      {
        client = "host.example.com", user = '"a b"', time = time, request = [[\x16\x03 \"]],
        status = { number = "400" }, bytes = { number = "0" }, agent = [[x\"y]],
      },
      {
        client = "::1", time = time, request = "GET /a b HTTP/1.1", status = { number = "200" },
        bytes = { number = "5" }, referrer = "", agent = "",
      },
    }, rows)
  end)

  it("read both ages of Apache's error log", function()
    local rows = parse("apache.error", table.concat({
      "[Sun Dec 04 04:47:44 2005] [notice] jk2_init() ok",
      "[Sun Dec 04 04:47:44.123456 2005] [:warn] [pid 7] [client 1.2.3.4:55] AH1: no",
      "[Sun Dec 04 04:47:44 2005] [core:error] [client ::1] gone",
    }, "\n"))
    assert.same({ "notice", "warn", "error" }, { rows[1].level, rows[2].level, rows[3].level })
    assert.same({ "1.2.3.4", { number = "55" } }, { rows[2].client, rows[2].port })
    assert.same({ "core", "::1" }, { rows[3].module, rows[3].client })
  end)

  it("read nginx's errors without a request", function()
    local rows = parse("nginx.error", "2026/07/28 10:27:10 [notice] 1#1: signal 15, exiting")
    assert.equal("signal 15, exiting", rows[1].message)
  end)

  it("read structured data of RFC 5424, also none and two", function()
    local rows = parse("syslog.5424", table.concat({
      "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - 'su root' failed",
      [=[<34>1 - - - - - [a x="1"][b y="2 \] z"]]=],
    }, "\n"))
    assert.equal("'su root' failed", rows[1].message)
    assert.same({
      priority = { number = "34" }, version = { number = "1" },
      data = [=[[a x="1"][b y="2 \] z"]]=],
    }, rows[2])
  end)

  it("read every line of this machine's dpkg.log", function()
    local file = io.open("/var/log/dpkg.log", "rb")
    if not file then
      return pending("this machine has no /var/log/dpkg.log")
    end
    local text = file:read("*a")
    file:close()
    local rows, faults = parse("dpkg", text)
    local _, lines = text:gsub("\n", "")
    assert.same({}, faults)
    assert.equal(lines, #rows)
    for _, row in ipairs(rows) do
      assert.is_not_nil(row.action)
    end
  end)
end)
