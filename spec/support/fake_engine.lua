--- Stands in for weir.run.engine: remembers what was asked and plays what was given.

local M = {}

local Engine = {}
Engine.__index = Engine

local function quiet_result()
  return {
    ok = true, elapsed_ms = 2100, dead = 0, dead_reasons = {},
    outputs = { { name = "file:errors.jsonl", place = "errors.jsonl", records = 20, bytes = 900 } },
    ledger = {
      balanced = true,
      edges = {},
      stages = {
        { name = "access", kind = "source", received = 0, made = 2000, sent = 2000,
          filtered = 0, absorbed = 0, dropped = {}, dead = 0, held = 0 },
        { name = "filter:status", kind = "filter", received = 2000, made = 0, sent = 20,
          filtered = 1980, absorbed = 0, dropped = {}, dead = 0, held = 0 },
      },
    },
  }
end

local function quiet_stats()
  return {
    records_in = 2000, records_out = 20, bytes_in = 372000, bytes_total = 372000,
    errors = 0, elapsed_ms = 2100, place = "access.jsonl",
  }
end

--- Installs itself as weir.run.engine until `uninstall`.
---@param play { polls: any[]?, result: table?, stats: table?, graph: table?, err: table? }?
---   polls: what each poll returns; result and stats: members that differ from a quiet run
function M.install(play)
  play = play or {}
  local fake = { request = nil, closed = false, started = false }
  local function with(base, changes)
    for key, value in pairs(changes or {}) do
      base[key] = value
    end
    return base
  end
  package.loaded["weir.run.engine"] = {
    open = function(request)
      fake.request = request
      if play.err then
        return nil, play.err
      end
      return setmetatable({
        fake = fake,
        graph = play.graph or { nodes = {} },
        warnings = {},
        options = { drain_timeout_ns = 30e9 },
        polls = { unpack(play.polls or {}) },
        played_result = with(quiet_result(), play.result),
        played_stats = with(quiet_stats(), play.stats),
      }, Engine)
    end,
  }
  return fake
end

function M.uninstall()
  package.loaded["weir.run.engine"] = nil
end

function Engine:start()
  self.fake.started = true
  return true
end

function Engine:poll()
  return table.remove(self.polls, 1) or false
end

function Engine:state()
  return self.fake.closed and "finished" or "running"
end

function Engine:hindrances()
  return {}
end

function Engine:stats()
  return self.played_stats
end

function Engine:elapsed_ms()
  return self.played_stats.elapsed_ms
end

function Engine:result()
  return self.played_result
end

function Engine:has_ended()
  return true
end

function Engine:close()
  self.fake.closed = true
end

return M
