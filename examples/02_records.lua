-- 2. Records: reading them, changing them, making new ones.
--
--     build/weir run examples/02_records.lua
--
-- Wherever a value is wanted, a text expression or a Lua function of the record will do.
-- Take the text where it is enough; it is short, and a missing field just does not match.

local weir = require "weir"

local access = weir.from "examples/access.jsonl"

-- In place: what fn leaves in r goes on. Fields that are not touched keep their bytes, so
-- no number loses a digit and no key its place. nil removes a field, weir.null writes null.
access
  :filter "user.name == 'Ada' and tags contains 'vip'"
  :map(function(r)
    r.slow = r.ms > 500
    r.user.id = nil
    r.tags[#r.tags + 1] = "seen"
  end)
  :to(weir.stdout{ name = "in place" })

-- A new table replaces the record. Its keys come out in byte order: it has no other.
access
  :filter(function(r) return r.user and r.user ~= weir.null end)
  :map(function(r) return { who = r.user.name, area = r.path:match("^/%a*") } end)
  :to "build/areas.jsonl"

-- Columns by expression: `select` makes a record of them, `set` adds them to it. Left of
-- `=` stands the new name. A missing field gives no column.
access
  :take(2)
  :select{ "path", seconds = "ms / 1000", user = "user.name" }
  :to "build/seconds.jsonl"

-- One record becomes many, here one for each tag. Each is a table of your making.
access
  :flat_map(function(r)
    local out = {}
    for i, tag in ipairs(r.tags or {}) do
      out[i] = { tag = tag, path = r.path }
    end
    return out
  end)
  :to "build/tags.csv"

--> build/weir run examples/02_records.lua
-- {"ts":"2026-03-02T08:00:02Z","host":"web-1","path":"/checkout/81","status":502,"ms":910,"user":{"name":"Ada"},"tags":["new","vip","seen"],"slow":true}

--> build/areas.jsonl
-- {"area":"/cart","who":"Ada"}
-- {"area":"/checkout","who":"Ada"}
-- {"area":"/checkout","who":"Grace"}
-- {"area":"/cart","who":"Grace"}

--> build/seconds.jsonl
-- {"path":"/cart","seconds":0.035,"user":"Ada"}
-- {"path":"/search","seconds":1.24}

--> build/tags.csv
-- path,tag
-- /cart,new
-- /checkout/81,new
-- /checkout/81,vip
-- /checkout/82,vip
-- /cart,vip
