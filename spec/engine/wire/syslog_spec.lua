local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/wire/syslog.h", "engine/wire/timestamp.h")

local HOUR, DAY = 3600e3, 86400e3

local function slice(text)
  return ffi.new("weir_slice", ffi.cast("const char *", text), #text)
end

local function utc(year, month, day, hour, minute, second)
  local days = 0
  for y = 1970, year - 1 do
    days = days + ((y % 4 == 0 and y % 100 ~= 0 or y % 400 == 0) and 366 or 365)
  end
  local leap = year % 4 == 0 and year % 100 ~= 0 or year % 400 == 0
  local lengths = { 31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  for m = 1, month - 1 do
    days = days + lengths[m]
  end
  return (days + day - 1) * DAY + ((hour * 60 + minute) * 60 + second) * 1000
end

local NOW = utc(2003, 10, 12, 0, 0, 0)

local function text_of(part)
  return part.size > 0 and ffi.string(part.bytes, part.size) or nil
end

-- What a line says, or the code and where.
local function parse(line, now, offset)
  local here = ffi.new("weir_syslog_here", now or NOW, offset or 0)
  local out, at = ffi.new("weir_syslog"), ffi.new("size_t[1]")
  local rc = C.weir_syslog_parse(slice(line), here, out, at)
  if rc ~= 0 then
    return ffi.string(C.weir_err_name(rc)), tonumber(at[0])
  end
  local found = {
    priority = out.priority >= 0 and out.priority or nil,
    version = out.version > 0 and out.version or nil,
    time = out.has_time == 1 and tonumber(out.time_ms) or nil,
  }
  for _, name in ipairs({ "timestamp", "host", "app", "procid", "msgid", "message" }) do
    found[name] = text_of(out[name])
  end
  if out.data.size > 0 then
    found.data = {}
    local place, param = ffi.new("size_t[1]"), ffi.new("weir_syslog_param")
    while C.weir_syslog_next(out.data, place, param) == 1 do
      local value = text_of(param.name) and (text_of(param.value) or "")
      table.insert(found.data, { text_of(param.element), text_of(param.name), value })
    end
  end
  return found
end

describe("the new form of syslog", function()
  it("is read as the RFC's examples have it", function()
    assert.same({
      priority = 34, version = 1, timestamp = "2003-10-11T22:14:15.003Z",
      time = utc(2003, 10, 11, 22, 14, 15) + 3, host = "mymachine.example.com", app = "su",
      msgid = "ID47", message = "'su root' failed for lonvick on /dev/pts/8",
    }, parse("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
      .. "\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8"))
    assert.same({
      priority = 165, version = 1, timestamp = "2003-08-24T05:14:15.000003-07:00",
      time = utc(2003, 8, 24, 12, 14, 15), host = "192.0.2.1", app = "myproc", procid = "8710",
      message = "%% It's time to make the do-nuts.",
    }, parse("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
      .. "%% It's time to make the do-nuts."))
    assert.same({
      priority = 165, version = 1, timestamp = "2003-10-11T22:14:15.003Z",
      time = utc(2003, 10, 11, 22, 14, 15) + 3, host = "mymachine.example.com", app = "evntslog",
      msgid = "ID47", message = "An application event log entry...",
      data = { { "exampleSDID@32473", "iut", "3" },
        { "exampleSDID@32473", "eventSource", "Application" },
        { "exampleSDID@32473", "eventID", "1011" } },
    }, parse("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
      .. '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] '
      .. "\xef\xbb\xbfAn application event log entry..."))
    assert.same({
      { "exampleSDID@32473", "iut", "3" }, { "examplePriority@32473", "class", "high" },
    }, parse("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
      .. '[exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]').data)
  end)

  it("may have nothing but a priority and a version", function()
    assert.same({ priority = 0, version = 1 }, parse("<0>1 - - - - - -"))
    assert.same({ priority = 191, version = 999, message = " two  blanks " },
      parse("<191>999 - - - - - -  two  blanks "))
  end)

  it("has elements without parameters, and values with brackets, quotes and blanks", function()
    assert.same({ { "a" }, { "b", "x", "" }, { "b", "y", [=[\] [ \" \\]=] }, { "c" } },
      parse([=[<1>1 - - - - - [a][b x="" y="\] [ \" \\"][c] m]=]).data)
  end)

  for line, at in pairs({
    ["<192>1 - - - - - -"] = 4, ["<01>1 - - - - - -"] = 3, ["<1"] = 2, ["<>1 - - - - - -"] = 1,
    ["<1>1 - - - - -"] = 14, ["<1>1 - - - - - x"] = 15, ["<1>1 - - - - - -x"] = 16,
    ["<1>1  - - - - -"] = 5, ["<1>1 yesterday - - - - -"] = 5,
    ["<1>1 2003-02-29T00:00:00Z - - - - -"] = 5, ["<1>1 2003-02-28T00:00:00 - - - - -"] = 5,
    ["<1>1 - - - - - []"] = 16, ["<1>1 - - - - - [a b]"] = 19, ["<1>1 - - - - - [a b=c]"] = 20,
    ['<1>1 - - - - - [a b="c]'] = 22, ['<1>1 - - - - - [a b="c\\"]'] = 24,
    ["<1>1 - - - - - [a][a]"] = 21,
  }) do
    it(("is refused where it breaks its rules: %q"):format(line), function()
      assert.same({ "ESYNTAX", at }, { parse(line) })
    end)
  end

  it("has so many elements and parameters and no more", function()
    local function with(elements, params)
      local element = {}
      for i = 1, elements do
        element[i] = ("[e%d%s]"):format(i, (' a="b"'):rep(params))
      end
      return (parse("<1>1 - - - - - " .. table.concat(element)))
    end
    local elements, params = C.WEIR_SYSLOG_ELEMENTS, C.WEIR_SYSLOG_PARAMS
    assert.equal(elements * params, #with(elements, params).data)
    assert.equal("ESYNTAX", with(elements + 1, 1))
    assert.equal("ESYNTAX", with(1, params + 1))
  end)
end)

describe("the old form of syslog", function()
  it("is read as the RFC's examples have it", function()
    assert.same({
      priority = 34, timestamp = "Oct 11 22:14:15", time = utc(2003, 10, 11, 22, 14, 15),
      host = "mymachine", app = "su", message = "'su root' failed for lonvick on /dev/pts/8",
    }, parse("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"))
    assert.same({
      priority = 13, timestamp = "Feb  5 17:32:18", time = utc(2003, 2, 5, 17, 32, 18),
      host = "10.0.0.99", message = "Use the BFG!",
    }, parse("<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!"))
    assert.same({
      priority = 165, timestamp = "Aug 24 05:34:00", time = utc(2003, 8, 24, 5, 34, 0),
      host = "CST", message = "1987 mymachine myproc[10]: %% It's time",
    }, parse("<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time"))
    assert.same({
      priority = 0, message = "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3"
        .. " sched[0]: That's All Folks!",
    }, parse("<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All"
      .. " Folks!"))
    assert.same({ "ESYNTAX", 0 }, { parse("Use the BFG!") })
  end)

  it("has the liberties that senders take", function()
    for line, expected in pairs({
      ["<6>Oct 11 22:14:15 su[12]: x"] = { nil, "su", "12", "x" },
      ["<6>Oct 1 22:14:15 h cron[7] x"] = { "h", "cron", "7", "x" },
      ["<6>Oct 11 2003 22:14:15 h %ASA-6-302013: x"] = { "h", "%ASA-6-302013", nil, "x" },
      ["<6>Oct 11 22:14:15.123 h a: x"] = { "h", "a", nil, "x" },
      ["<6>Oct 11 22:14:15: %LINK-3-UPDOWN: x"] = { nil, nil, nil, "%LINK-3-UPDOWN: x" },
      ["<6>2003-10-11T22:14:15+02:00 h a[1]: x"] = { "h", "a", "1", "x" },
      ["Oct 11 22:14:15 h postfix/smtpd[3]: x\0"] = { "h", "postfix/smtpd", "3", "x" },
      ["Oct 11 22:14:15 h http://x"] = { "h", nil, nil, "http://x" },
      ["Oct 11 22:14:15 h syslogd 1.4.1: restart."] = { "h", nil, nil, "syslogd 1.4.1: restart." },
      ["Oct 11 22:14:15 h [1]: x"] = { "h", nil, nil, "[1]: x" },
      ["Oct 11 22:14:15 h a[]: x"] = { "h", nil, nil, "a[]: x" },
      ["Oct 11 22:14:15"] = {}, ["Oct 11 22:14:15 h"] = { "h" },
    }) do
      local found = parse(line)
      assert.is_table(found, line)
      assert.same(expected, { found.host, found.app, found.procid, found.message }, line)
      assert.is_truthy(found.time, line)
    end
  end)

  it("of which only a priority is known is a message", function()
    for _, message in ipairs({ "x", "45: *Mar  1 00:00:46: %SYS-5: x", "Feb 30 00:00:00 h a: x",
      "Oct 11 24:00:00 h x", "Oct 11 22:14:155 h x", "1: x", "0 x", "1000 x" }) do
      assert.same({ priority = 13, message = message }, parse("<13>" .. message))
    end
  end)

  it("is of the year that puts it no more than a month ahead", function()
    local function year(line, now)
      local found = parse(line, now)
      return tonumber(os.date("!%Y", found.time / 1000))
    end
    assert.equal(2003, year("Dec 31 23:59:59 h a: x", utc(2004, 1, 1, 0, 0, 0)))
    assert.equal(2004, year("Jan  1 00:00:01 h a: x", utc(2003, 12, 31, 23, 59, 0)))
    assert.equal(2003, year("Jan 31 00:00:00 h a: x", utc(2003, 12, 30, 0, 0, 0)))
    assert.equal(2004, year("Jan 30 00:00:00 h a: x", utc(2003, 12, 30, 0, 0, 0)))
    assert.equal(2000, year("Feb 29 00:00:00 h a: x", utc(2003, 6, 1, 0, 0, 0)))
    assert.equal(2096, year("Feb 29 00:00:00 h a: x", utc(2104, 1, 1, 0, 0, 0)))
  end)

  it("is of the zone that was said", function()
    assert.equal(utc(2003, 10, 11, 20, 14, 15),
      parse("Oct 11 22:14:15 h a: x", NOW, 2 * HOUR).time)
    assert.equal(utc(2003, 10, 11, 20, 14, 15),
      parse("2003-10-11T22:14:15+02:00 h a: x", NOW, 9 * HOUR).time)
  end)
end)

describe("times", function()
  it("are those of a calendar", function()
    local seed = os.time()
    math.randomseed(seed)
    local ms = ffi.new("int64_t[1]")
    for _ = 1, 3000 do
      local at = math.random(0, 4102444800)
      local text = os.date("!%Y-%m-%dT%H:%M:%SZ", at)
      assert.equal(20, tonumber(C.weir_timestamp_read(slice(text), ms)))
      assert.equal(at * 1000, tonumber(ms[0]), ("seed %d: %s"):format(seed, text))
      local now = (at + math.random(0, 300 * 86400)) * 1000
      local bsd = os.date("!%b %d %H:%M:%S", at)
      assert.equal(15, tonumber(C.weir_timestamp_read_bsd(slice(bsd), now, 0, ms)))
      assert.equal(at * 1000, tonumber(ms[0]), ("seed %d: %s at %d"):format(seed, bsd, now))
    end
  end)
end)
