-- One plain lambda, which reads a field of each record, and keeps them all.
local weir = require "weir"
local from, to = ...

weir.from(weir.tcp{ listen = from, codec = "json" })
  :filter(function(r) return r.status <= 500 end)
  :to(weir.tcp{ connect = to, codec = "json" })
