-- JSON records, checked and passed on as they came.
local weir = require "weir"
local from, to = ...

weir.from(weir.tcp{ listen = from, codec = "json" }):to(weir.tcp{ connect = to, codec = "json" })
