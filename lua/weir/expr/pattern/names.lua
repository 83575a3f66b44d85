--- The names that every pattern may use: texts are patterns, tables are items that
--- the engine measures itself. Users' own definitions come before them.

local set = require("weir.expr.pattern.set")

local IPV4, IPV6 = 1, 2 -- enum weir_pattern_family

return {
  -- anything
  DATA = { kind = "any" }, -- as little as possible
  GREEDYDATA = { kind = "set", set = set.all, least = 0 }, -- as much as possible
  SPACE = "%[ \t]*",
  BLANKS = "%[ \t]+",
  WORD = "%[A-Za-z0-9_]+",
  NOTSPACE = "%[^ \t]+",
  QUOTED = { kind = "quoted" }, -- "..."; a field takes the inside, escapes as they are

  -- numbers
  INT = { kind = "integer" },
  NUMBER = { kind = "number" },
  DIGITS = "%[0-9]+",
  HEX = "%(0x%)?%[0-9A-Fa-f]+",

  -- who and where
  IP = { kind = "address", family = IPV4 + IPV6 },
  IPV4 = { kind = "address", family = IPV4 },
  IPV6 = { kind = "address", family = IPV6 },
  HOSTNAME = "%[A-Za-z0-9_]%[A-Za-z0-9_.-]*",
  HOST = "%(%{IP}%|%{HOSTNAME}%)",
  MAC = "%[0-9A-Fa-f]{2}%(%[:-]%[0-9A-Fa-f]{2}%[:-]%[0-9A-Fa-f]{2}%[:-]%[0-9A-Fa-f]{2}"
    .. "%[:-]%[0-9A-Fa-f]{2}%[:-]%[0-9A-Fa-f]{2}%)",
  USER = "%[A-Za-z0-9._@+-]+",
  EMAIL = "%[A-Za-z0-9._%+-]+@%{HOSTNAME}",
  UUID = "%[0-9A-Fa-f]{8}-%[0-9A-Fa-f]{4}-%[0-9A-Fa-f]{4}-%[0-9A-Fa-f]{4}-%[0-9A-Fa-f]{12}",
  PATH = "/%[^ \t]*",
  URI = "%[A-Za-z]%[A-Za-z0-9+.-]*://%[^ \t]+",

  -- when
  YEAR = "%[0-9]{4}",
  MONTH = "%(Jan%|Feb%|Mar%|Apr%|May%|Jun%|Jul%|Aug%|Sep%|Oct%|Nov%|Dec%)",
  DAY = "%(Mon%|Tue%|Wed%|Thu%|Fri%|Sat%|Sun%)",
  CLOCK = "%[0-9]{2}:%[0-9]{2}:%[0-9]{2}",
  DATE = "%[0-9]{4}-%[0-9]{2}-%[0-9]{2}",
  ISO8601 = "%{DATE}%[T ]%{CLOCK}%(%[.,]%[0-9]+%)?%(Z%|%[+-]%[0-9]{2}%(:%)?%[0-9]{2}%)?",
  HTTPDATE = "%[0-9]{2}/%[A-Za-z]{3}/%[0-9]{4}:%{CLOCK} %[+-]%[0-9]{4}",
  SYSLOGTIME = "%[A-Za-z]{3} %[ 0-9]{0,1}%[0-9] %{CLOCK}",

  -- what
  LEVEL = "%[A-Za-z]+",
  METHOD = "%[A-Z]+",
}
