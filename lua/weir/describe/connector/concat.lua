--- weir.concat: sources one after the other.

-- What the script's own code makes is no source of the engine that could wait its turn.
local MADE = { generate = true, memory = true }

-- What others send has no end that a next one could follow.
local LIVE = { tail = true, tcp = true, udp = true, unix = true, bus = true }

return {
  kind = "concat",
  uses = { source = true },
  items = "source",
  options = {},
  check = function(described)
    for _, part in ipairs(described.sources) do
      if MADE[part.kind] then
        return ("weir.%s makes its records itself, and none of the sources can wait for it;"
          .. " give it to weir.from beside the others"):format(part.kind)
      elseif LIVE[part.kind] then
        return ("weir.%s has no end for the others to follow; give it to weir.from beside"
          .. " them"):format(part.kind)
      end
    end
  end,
  doc = {
    name = "concat",
    group = "sources and sinks",
    usage = 'weir.concat{ "monday.jsonl", "tuesday.jsonl" }',
    signature = "weir.concat{ source, ..., name }",
    summary = "Reads sources one after the other: the second begins when the first has ended. To"
      .. " read them at the same time, give them all to weir.from.",
    shape = "sources -> records",
    errors = "As those of its sources. weir.generate and weir.memory are refused, and so are"
      .. " sources that others send to.",
    cost = "None.",
    example = [[
weir.from(weir.concat{ "monday.jsonl", weir.file{ path = "tuesday.csv" } }):to "days.jsonl"]],
  },
}
