--- weir.interval: a record every so often.

return {
  kind = "interval",
  uses = { source = true },
  options = {
    every = { kind = "duration", required = true, usage = 'every = "10s"' },
  },
  check = function(described)
    if described.every_ns <= 0 then
      return "every must be longer than nothing"
    end
  end,
  doc = {
    name = "interval",
    group = "sources and sinks",
    usage = 'weir.interval{ every = "10s" }',
    signature = "weir.interval{ every!, name }",
    summary = "A record every so often, to do something by the clock: n is the number of the tick,"
      .. " from 1, and time when it was due. The first comes at once. Ticks do not drift: each is a"
      .. " whole number of intervals after the first. One that nobody took in time is left out, and"
      .. " so is its n.",
    shape = "-> { n, time }",
    units = "time: milliseconds since 1970.",
    errors = "None. Ticks left out are counted (ticks_missed).",
    cost = "One batch a tick.",
    example = [[
weir.from(weir.interval{ every = "1m" })
  :map(function(r) return { time = r.time, alive = true } end)
  :to(weir.stdout{})]],
  },
}
