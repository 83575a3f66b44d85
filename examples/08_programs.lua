-- 8. Programs: records from what one writes, records for another to read.
--
--     build/weir run examples/08_programs.lua

local weir = require "weir"

-- A command is a list, or a text for the shell. One that follows something has no end, and is
-- started again should it end; this one ends, and so does its source.
--
--     weir.exec{ command = { "journalctl", "-f", "-o", "json" } }
weir.from(weir.exec{ command = "cat examples/*.jsonl | grep checkout", restart = false })
  :filter "status >= 500"
  :select("path", "ms")
  :to(weir.exec{ command = { "sort", "-r" } })

-- One between gets records and gives others: here one for each, so that none is lost when
-- it has to be started again.
weir.from "examples/access.jsonl"
  :select("path", "ms")
  :exec{ command = "awk '{ print toupper($0); fflush() }'", answers = "each" }
  :take(2)
  :to "build/loud.jsonl"

-- What is to be done by the clock begins with a source that ticks; n would say which tick it
-- is, and leaves out what a busy machine has missed.
weir.from(weir.interval{ every = "10ms" })
  :take(2)
  :select{ ticked = "true" }
  :to "build/ticks.jsonl"

--> build/weir run examples/08_programs.lua
-- {"path":"/checkout/82","ms":64}
-- {"path":"/checkout/81","ms":910}
--> build/loud.jsonl
-- {"PATH":"/CART","MS":35}
-- {"PATH":"/SEARCH","MS":1240}
--> build/ticks.jsonl
-- {"ticked":true}
-- {"ticked":true}
