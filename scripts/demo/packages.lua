-- What happened to this machine's packages, by day, from dpkg's own log.
--
--     weir run scripts/demo/packages.lua -- /var/log/dpkg.log OUT

local weir = require "weir"

local input, out = ...

weir.from(weir.file{ name = "dpkg", path = input, codec = "dpkg" })
  :filter "action in ('install', 'upgrade', 'remove', 'purge')"
  :group_by{ day = "sub(time, 1, 10)", action = "action" }
  :aggregate{ packages = weir.count(), first = weir.first "package", last = weir.last "package" }
  :sort{ by = { "day", "action" } }
  :select("day", "action", "packages", "first", "last")
  :to(weir.file{ name = "packages", path = out .. "/packages.csv" })
