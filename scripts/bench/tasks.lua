--- What is measured. A task is a chain of weir's stages and what rivals are given to do
-- the same; what must come out is in reference.lua, how each is called in subjects.lua.
--
--   data     the kind of input, see generate.c
--   codec    how weir reads it, if not as JSON
--   chain    weir's stages, with plain lambdas; text: the same with text expressions
--   jq, mlr  their program, and their further arguments
--   by       commands of rivals that know only this task
--   goals    of their time per record against weir's
--   peak_max what weir may hold, in MB

local NAMED = '"ts", "host", "path", "status"'

return {
  {
    name = "T1",
    title = "pass through, with parse",
    data = "web",
    chain = "",
    jq = { "." },
    mlr = { "cat" },
    goals = { floor = ">= 0.67" },
  },
  {
    name = "T2",
    title = "status >= 500, four fields",
    data = "web",
    chain = ":filter(function(r) return r.status >= 500 end):select(" .. NAMED .. ")",
    text = ':filter "status >= 500":select(' .. NAMED .. ")",
    jq = { "select(.status >= 500) | {ts, host, path, status}" },
    mlr = { "filter", "$status >= 500", "then", "cut", "-o", "-f", "ts,host,path,status" },
    peak_max = 16,
    goals = {
      two = "<= 0.59", floor = ">= 0.67", simdjson = ">= 1.5", cjson = ">= 25", jq = ">= 65",
      mlr = ">= 150",
    },
  },
  {
    name = "T3",
    title = "add a bucket and a path prefix",
    data = "web",
    chain = [[:map(function(r)
      local l = r.latency_ms
      r.bucket = l < 10 and "fast" or l < 100 and "ok" or "slow"
      r.prefix = r.path:match("^(.*)/")
    end)]],
    text = [[:set{
      bucket = "latency_ms < 10 and 'fast' or latency_ms < 100 and 'ok' or 'slow'",
      prefix = "match(path, '^(.*)/')",
    }]],
    jq = {
      [[.bucket = (.latency_ms | if . < 10 then "fast" elif . < 100 then "ok" else "slow" end)
      | .prefix = (.path | .[:rindex("/")])]],
    },
    mlr = {
      "put",
      [[$bucket = $latency_ms < 10 ? "fast" : $latency_ms < 100 ? "ok" : "slow";
      $prefix = sub($path, "/[^/]*$", "")]],
    },
    peak_max = 16,
    goals = {
      two = "<= 0.59", floor = ">= 0.29", simdjson = ">= 1", cjson = ">= 25", jq = ">= 90",
      mlr = ">= 120",
    },
  },
  {
    name = "T4",
    title = "count and average by window and prefix, sorted",
    data = "web",
    chain = [[:group_by{
      w = function(r) return math.floor(r.ts / 10000) end,
      prefix = function(r) return r.path:match("^(.*)/") end,
    }
    :aggregate{
      count = weir.count(),
      average = weir.avg(function(r) return r.latency_ms end),
    }
    :sort{ by = { "w", "prefix" } }]],
    text = [[:group_by{ w = "floor(ts / 10000)", prefix = "match(path, '^(.*)/')" }
    :aggregate{ count = weir.count(), average = weir.avg "latency_ms" }
    :sort{ by = { "w", "prefix" } }]],
    jq = {
      "-n",
      [[reduce inputs as $r ({};
        ($r.path | .[:rindex("/")]) as $prefix | ($r.ts / 10000 | floor) as $w
        | .["\($w) \($prefix)"] |=
          {$w, $prefix, count: (.count + 1), sum: (.sum + $r.latency_ms)})
      | map({w, prefix, count, average: (.sum / .count)}) | sort_by(.w, .prefix)[] ]],
    },
    mlr = {
      "put", [[$w = $ts // 10000; $prefix = sub($path, "/[^/]*$", "")]],
      "then", "stats1", "-a", "count,mean", "-f", "latency_ms", "-g", "w,prefix",
      "then", "sort", "-nf", "w", "-f", "prefix",
      "then", "rename", "latency_ms_count,count,latency_ms_mean,average",
    },
    peak_max = 16,
    goals = {
      two = "<= 0.59", floor = ">= 0.33", simdjson = ">= 1.2", cjson = ">= 15", jq = ">= 150",
      mlr = ">= 140",
    },
  },
  {
    name = "T5",
    title = "combined log lines to JSON",
    data = "log",
    codec = '"apache.combined"',
    chain = "",
    by = {
      lpeg = { "luajit", "scripts/bench/rivals/by_lpeg.lua", "combined" },
      patterns = { "luajit", "scripts/bench/rivals/by_patterns.lua" },
      gawk = { "gawk", "-b", "-f", "scripts/bench/rivals/combined.awk" },
    },
    goals = { lpeg = ">= 8", patterns = ">= 8" },
  },
  {
    name = "T6",
    title = "CSV to JSON, two typed columns",
    data = "csv",
    codec = 'weir.csv{ types = { status = "integer", latency_ms = "number" } }',
    chain = "",
    -- Without -S it would take more columns for numbers.
    mlr = { "-S", "put", "$status = int($status); $latency_ms = float($latency_ms)" },
    by = {
      lpeg = { "luajit", "scripts/bench/rivals/by_lpeg.lua", "csv" },
      gawk = { "gawk", "-b", "-f", "scripts/bench/rivals/csv.awk" },
      mawk = { "mawk", "-f", "scripts/bench/rivals/csv.awk" },
    },
    goals = { mlr = ">= 10" },
  },
  {
    name = "T7",
    title = "T2 on heavy records, nested fields",
    data = "heavy",
    chain = [[:filter(function(r) return r.http.status >= 500 end)
    :select{
      "ts",
      host = function(r) return r.host.name end,
      path = function(r) return r.http.path end,
      status = function(r) return r.http.status end,
    }]],
    text = [[:filter "http.status >= 500"
    :select{ "ts", host = "host.name", path = "http.path", status = "http.status" }]],
    jq = {
      [[select(.http.status >= 500)
      | {ts, host: .host.name, path: .http.path, status: .http.status}]],
    },
    mlr = {
      "filter", '$http["status"] >= 500', "then", "put", "-q",
      [[emit1 {"ts": $ts, "host": $host["name"], "path": $http["path"],
        "status": $http["status"]}]],
    },
    peak_max = 16,
    goals = { two = "<= 0.59", simdjson = ">= 1", cjson = ">= 25" },
  },
}
