-- 7. Records over sockets: others send them, and they are sent on to others.
--
--     build/weir run examples/07_sockets.lua

local weir = require "weir"

-- A source listens, and a sink connects. This lesson talks to itself, over a Unix socket, so
-- that it ends by itself; between machines it would be
--
--     weir.tcp{ connect = "collector.example.org:7000" }
--
-- A sink is done when the other side's machine has its records. If the connection breaks,
-- it connects again and sends once more what was under way.
weir.from "examples/access.jsonl"
  :to(weir.unix{ path = "build/shop.sock" })

-- A server of the web takes them in the bodies of requests (`weir help http`), up to a
-- hundred in each; the first of them waits a second for the others, and no longer:
--
--     weir.http{ url = "https://example.org/in", batch = { records = 100, every = "1s" } }
--
-- Each connection is read on its own. @peer is who sent a record; here, our own process.
--
--     weir.tcp{ listen = "0.0.0.0:7000", max_connections = 5000, idle_timeout = "2m" }
--
-- A sink may listen, too: everybody who comes gets every record from then on.
--
--     weir.tcp{ listen = "0.0.0.0:7001", overflow = "drop_oldest" }
--
-- Where others could read along, say who you are and whom you trust (`weir help tls`):
--
--     weir.tcp{ listen = "0.0.0.0:7000", tls = { cert = "host.pem", key = "host.key" } }
--     weir.tcp{ connect = "collector.example.org:7000", tls = true }
--
-- What machines log comes the same way, and is taken apart (`weir help syslog`):
--
--     weir.syslog{ listen = "0.0.0.0:514" }
--
-- A source that listens has no end: Ctrl-C stops it, and it takes first what has arrived.
weir.from(weir.unix{ path = "build/shop.sock" })
  :take(6)
  :filter "status >= 500 and @peer contains 'pid'"
  :select("path", "ms")
  :to(weir.stdout{})

--> build/weir run examples/07_sockets.lua
-- {"path":"/checkout/81","ms":910}
-- {"path":"/checkout/82","ms":64}
