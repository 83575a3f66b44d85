local weir = require "weir"
local from = ...

weir.from(weir.tcp{ listen = from, codec = "json" }):to(weir.discard{})
