local weir = require "weir"
local from, to = ...

weir.from(weir.tail{ path = from, codec = "json" }):to(weir.tcp{ connect = to, codec = "json" })
