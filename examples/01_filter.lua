-- 1. The smallest pipeline: records in, some of them out.
--
--     build/weir run examples/01_filter.lua
--
-- A script describes a pipeline; running it is weir's business. So this file opens
-- nothing: it says where records come from, what happens to them, where they go.

local weir = require "weir"

-- A text is a file. What is in it is known by the suffix: .jsonl is one JSON object a
-- line, .csv and .tsv are tables, .gz and .zst are unpacked on the way.
weir.from "examples/access.jsonl"

  -- A text condition. Names are fields of the record, as they come.
  :filter "status >= 500"

  -- Only these fields go on, in this order.
  :select("ts", "path", "status")

  -- A stream may go to several places: a file, made with its header, and the terminal.
  :to "build/errors.csv"
  :to(weir.stdout{})

-- The same in one line, when it is not worth a file:
--
--     build/weir -e ':filter "status >= 500":select("ts", "path", "status")' examples/access.jsonl

--> build/weir run examples/01_filter.lua
-- {"ts":"2026-03-02T08:00:02Z","path":"/checkout/81","status":502}
-- {"ts":"2026-03-02T08:00:04Z","path":"/checkout/82","status":503}

--> build/errors.csv
-- ts,path,status
-- 2026-03-02T08:00:02Z,/checkout/81,502
-- 2026-03-02T08:00:04Z,/checkout/82,503
