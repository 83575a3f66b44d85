-- 9. Files that grow: records as others write them, for as long as they do.
--
--     build/weir run examples/09_tail.lua

local weir = require "weir"

-- How far files were read is kept here; without it, under ~/.local/state/weir.
weir.options{ state_dir = "build/state" }

-- Somebody has to write: here it is this lesson itself, so that it ends by itself.
weir.from "examples/access.jsonl"
  :to(weir.file{ path = "build/shop.jsonl", append = true })

-- A tail waits for the next line, and follows its file when it is rotated. Of logs one would
-- say
--
--     weir.tail{ path = "/var/log/nginx/*.log", codec = "nginx.access" }
--
-- Stopped or killed and started again, it goes on behind what has been delivered: so the
-- next run of this lesson gives the records that the next run writes. And where the disk that
-- a live pipeline writes to is full, it waits for room and goes on where it was.
weir.from(weir.tail{ path = "build/shop.jsonl" })
  :take(6)
  :filter "status >= 500"
  :select("path", "ms")
  :to(weir.stdout{})

--> build/weir run examples/09_tail.lua
-- {"path":"/checkout/81","ms":910}
-- {"path":"/checkout/82","ms":64}
