-- Lines of text: each becomes a record, and a line again.
local weir = require "weir"
local from, to = ...

weir.from(weir.tcp{ listen = from, codec = "lines" })
  :to(weir.tcp{ connect = to, codec = "lines" })
