--- Whole scripts, and what must hold for all of them.

local content = require("weir.describe.content")
local support = require("spec.lua.describe.support")

local scripts = {
  smallest = [[
weir.from "access.jsonl" :filter "status >= 500" :to "errors.csv"]],

  routing = [[
local to = weir.from(weir.file{ path = "/var/log/nginx/*.log", codec = "lines" })
  :parse "nginx.access"
  :route{ { "errors", when = "status >= 500", priority = "high" },
          { "slow", when = function(r) return r.request_time > 1 end } }
to.errors:to(weir.sqlite{ path = "logs.db", table = "errors" }):to "errors.jsonl"
to.slow:to "slow.jsonl"
to.default:to(weir.stdout{})
weir.dead_letters():to "unparsed.jsonl"]],

  rates = [[
local p = weir.params{ table = weir.param{ type = "string", default = "rates" }, limit = 0.05 }
weir.from(weir.stdin{ name = "requests" })
  :group_by("service")
  :aggregate{ total = weir.count(), failed = weir.count{ where = "status >= 500" } }
  :set{ share = "failed / total" }
  :filter(function(r) return r.total > 100 and r.share > p.limit end)
  :to(weir.sqlite{ name = "pager", path = weir.secret "RATES_DB", table = p.table })]],

  areas = [[
weir.options{ max_memory = "1GiB", max_errors = "1%" }
local access = weir.from(weir.file{ path = "access.jsonl" })
access
  :filter(function(r) return r.status >= 500 end)
  :map(function(r) r.slow = r.latency_ms > 250 end)
  :select("ts", "host", "path", "status", "slow")
  :to "errors.jsonl"
access
  :group_by{ area = function(r) return r.path:match("^/[^/]*") end }
  :aggregate{ hits = weir.count(), slowest_ms = weir.max("latency_ms") }
  :top{ n = 10, by = "-hits" }
  :to(weir.sqlite{ path = "traffic.db", table = "areas" })]],

  shared = [[
local function clean(s, least)
  return s:drop_fields("token"):filter(function(r) return r.status >= least end)
end
local all = weir.from("a.csv", weir.concat{ "b.csv", "c.csv" }, weir.memory{ records = {} })
all:pipe(clean, 500):sort{ by = { "day", "-ms" } }:to "a.jsonl"]],
}

describe("a script", function()
  for name, text in pairs(scripts) do
    it(("loads: %s"):format(name), function()
      assert.is_true(#support.load(text).nodes > 1)
    end)

    it(("is the same in whatever order Lua walks tables: %s"):format(name), function()
      local first = support.load(text)
      local real_pairs, seed = pairs, 0
      -- Walks backwards or in a random order; loading must not care.
      _G.pairs = function(t)
        local keys = {}
        for key in next, t do
          keys[#keys + 1] = key
        end
        for i = #keys, 2, -1 do
          local j = math.random(i)
          keys[i], keys[j] = keys[j], keys[i]
        end
        local i = 0
        return function()
          i = i + 1
          return keys[i], t[keys[i]]
        end
      end
      local differences = {}
      for _ = 1, 20 do
        seed = seed + 1
        math.randomseed(seed)
        local ok, second = pcall(support.load, text)
        differences[#differences + 1] = ok and content.difference(first, second)
          or not ok and second
          or nil
      end
      _G.pairs = real_pairs
      assert.same({}, differences)
    end)
  end

  it("opens nothing: no file is touched while it loads", function()
    local real_open, opened = io.open, {}
    rawset(io, "open", function(path, ...)
      opened[#opened + 1] = path
      return real_open(path, ...)
    end)
    for _, text in pairs(scripts) do
      support.load(text)
    end
    rawset(io, "open", real_open)
    assert.same({}, opened)
  end)
end)
