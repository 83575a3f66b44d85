--- Who passes records on, and how each is called. Where it runs, IN_PORT and OUT_PORT tell
-- the ports (see load.c).

local WORK = "build/bench/flow"
local NG = WORK .. "/syslog-ng-core/usr"
local RS = WORK .. "/rsyslog/usr"

-- Debian has either of them as the machine's own logger and no two, so they are unpacked
-- beside it.
local UNPACK = [[
cd build/bench/flow && for package in syslog-ng-core rsyslog; do
  [ -d $package ] && continue
  apt-get -q download $package >>setup.log 2>&1 && dpkg -x ${package}_*.deb $package.part &&
    rm ${package}_*.deb && mv $package.part $package || exit 1
done]]

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

-- name; share: of the records that weir gets; command(how, from); after: said before it
-- is stopped; counted(): how many records it took, of its own accord.
local subjects = {}

local function weir(name, how)
  return {
    name = name,
    is_weir = true,
    share = 1,
    command = function(_, from)
      return ("exec build/weir run scripts/bench/flow/weir/%s.lua --control off --summary json"
        .. " --state-dir %s/state -- %s 127.0.0.1:$OUT_PORT 2>%s/summary"):format(how, WORK,
        from or "127.0.0.1:$IN_PORT", WORK)
    end,
    counted = function()
      return tonumber(read(WORK .. "/summary"):match('"records_in":(%d+)'))
    end,
  }
end

subjects.weir = weir

subjects.syslog_ng = {
  name = "syslog-ng",
  share = 1 / 8,
  command = function(how)
    return ("export LD_LIBRARY_PATH=%s/lib/syslog-ng; exec %s/sbin/syslog-ng -F --no-caps"
      .. " -f scripts/bench/flow/syslog-ng/%s.conf --module-path %s/lib/syslog-ng/3.38"
      .. " -R %s/ng.persist -p %s/ng.pid -c %s/ng.ctl 2>>%s/syslog-ng.log"):format(NG, NG, how,
      NG, WORK, WORK, WORK, WORK)
  end,
  after = ("LD_LIBRARY_PATH=%s/lib/syslog-ng %s/sbin/syslog-ng-ctl stats -c %s/ng.ctl >%s/count")
    :format(NG, NG, WORK, WORK),
  counted = function()
    return tonumber(read(WORK .. "/count"):match("source;s_tcp;;a;processed;(%d+)"))
  end,
}

subjects.rsyslog = {
  name = "rsyslog",
  share = 1 / 8,
  command = function(how)
    return ("exec %s/sbin/rsyslogd -n -i NONE -f scripts/bench/flow/rsyslog/%s.conf"
      .. " -M $PWD/%s/lib/$(uname -m)-linux-gnu/rsyslog 2>>%s/rsyslog.log"):format(RS, how, RS,
      WORK)
  end,
  after = "sleep 1.5",  -- it tells once a second
  counted = function()
    local last
    for count in read(WORK .. "/count"):gmatch('"submitted": (%d+)') do
      last = math.max(last or 0, tonumber(count))
    end
    return last
  end,
}

--- Fetches what is to be compared with.
function subjects.set_up()
  return os.execute("mkdir -p " .. WORK .. "; " .. UNPACK) == 0
end

--- Runs a subject once: what load.c says of it, or what went wrong.
function subjects.run(subject, task, records)
  local file = task.file and WORK .. "/tail.jsonl"
  os.execute(("rm -rf %s/state %s/count %s/ng.persist %s/imfile-state*"):format(WORK, WORK, WORK,
    WORK))
  local words = { ("records=%d"):format(records) }
  for name, value in pairs(task.load or {}) do
    words[#words + 1] = name .. "=" .. value
  end
  words[#words + 1] = file and "file=" .. file
  words[#words + 1] = task.counts and subject.after and "after=" .. quoted(subject.after)
  local pipe = io.popen(("export FLOW=$PWD/scripts/bench/flow WORK=$PWD/%s COUNT=$PWD/%s/count"
    .. " FILE=$PWD/%s; build/bench/flow/load %s -- sh -c %s"):format(WORK, WORK, file or "",
    table.concat(words, " "), quoted(subject.command(task.how or task.name, file))))
  local wall, cpu, kib, got, wrong, p50, p99, p999 = pipe:read("*a"):match(
    "^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)")
  pipe:close()
  if wrong == "ok" and task.counts and subject.counted() ~= records then
    wrong = ("it has counted %s of %d"):format(tostring(subject.counted()), records)
  end
  if wrong ~= "ok" then
    return nil, wrong or "it failed"
  end
  return {
    wall = tonumber(wall), cpu = tonumber(cpu), peak = tonumber(kib) * 1024 / 1e6,
    records = records, came = tonumber(got), p50 = tonumber(p50), p99 = tonumber(p99),
    p999 = tonumber(p999),
  }
end

return subjects
