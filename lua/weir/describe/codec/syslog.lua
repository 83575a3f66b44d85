--- The codec "syslog". weir.syslog is the source, whose entry tells of both.

return {
  kind = "syslog",
  options = {},
}
