-- 5. Logs, tables, databases: what comes in and what goes out need not be JSON.
--
--     build/weir run examples/05_formats.lua
--     build/weir run examples/query.lua
--
-- A codec turns bytes into records and back. The suffix of a file names it, or you do.

local weir = require "weir"

-- Logs that everybody has are known by name: nginx.access, apache.error, dpkg, openssh
-- and more; see `weir help pattern`. What syslog writes is the codec "syslog".
weir.from(weir.file{ path = "examples/nginx.log", codec = "nginx.access" })
  :filter "status >= 400"
  :select("client", "status", "path", "agent")
  :to "build/refused.csv"

-- A log of your own gets a pattern of your own. %{NAME:field} writes what NAME matches
-- into a field, with a type as a number; %( %| %) are alternatives; all else stands for
-- itself. The last line of this log does not fit: it becomes a dead letter.
local orders = weir.from(weir.file{
  name = "shop.log",
  path = "examples/shop.log",
  codec = weir.pattern{
    pattern = "%{DATE:day} %{CLOCK:time} %{LEVEL:level}%{BLANKS}[%{HOST:host}] order %{ORDER:id} "
      .. "%(paid %{NUMBER:eur:number} EUR by %{EMAIL:customer}%|refused: %{DATA:why}%)",
    define = { ORDER = "%[A-Z]%{DIGITS}" },
  },
})
orders:select("id", "eur", "customer", "why"):to(weir.stdout{})
orders:side "dead" :select("stage", "raw"):to "build/no_order.jsonl"

-- A table in a database, made from the first records. With a key, running this again
-- updates the rows instead of adding them twice. query.lua reads it back.
orders:to(weir.sqlite{ path = "build/shop.db", table = "orders", key = "id" })

-- Values of a CSV file are text, unless you say what they are.
weir.from(weir.file{
  path = "examples/shops.csv",
  codec = weir.csv{ delimiter = ";", types = { since = "integer", seats = "integer" } },
})
  :filter "since > 2000"
  :to "build/shops.jsonl"

--> build/weir run examples/05_formats.lua
-- {"id":"A17","eur":59.90,"customer":"ada@example.com"}
-- {"id":"A18","why":"card expired"}
-- {"id":"A19","eur":7.50,"customer":"grace@example.com"}

--> build/weir run examples/query.lua
-- {"id":"A19","eur":7.5}
-- {"id":"A17","eur":59.9}

--> build/refused.csv
-- client,status,path,agent
-- 203.0.113.9,503,/checkout/82,Mozilla/5.0
-- 198.51.100.4,404,/wp-login.php,curl/7.88.1

--> build/no_order.jsonl
-- {"stage":"shop.log","raw":"    at payment.lua:17"}

--> build/shops.jsonl
-- {"shop":"Lamp & Co","city":"Wien","since":2019,"seats":12}
-- {"shop":"The \"Oak\" Table","city":"Graz","since":2021,"seats":null}
