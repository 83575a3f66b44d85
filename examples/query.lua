-- The second half of lesson 5, a query as a source. Run 05_formats.lua first: it writes
-- the table.

local weir = require "weir"

weir.from(weir.sqlite{
  path = "build/shop.db",
  query = "select id, eur from orders where eur is not null order by eur",
}):to(weir.stdout{})
