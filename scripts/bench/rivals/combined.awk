# combined.awk -- combined log lines to JSON, for gawk.

function text(key, value)
{
  if (value == "-")
    return ""
  if (value ~ /["\\]/)
    gsub(/["\\]/, "\\\\&", value)
  return ",\"" key "\":\"" value "\""
}

match($0, /^([^ ]+) [^ ]+ ([^ ]+) \[([^]]+)\] "([^ ]+) ([^ ]+) ([^"]+)" ([0-9]+) ([^ ]+) "([^"]*)" "([^"]*)"$/, m) {
  print "{\"status\":" m[7] (m[8] == "-" ? "" : ",\"bytes\":" m[8]) \
    text("client", m[1]) text("user", m[2]) text("time", m[3]) text("method", m[4]) \
    text("path", m[5]) text("protocol", m[6]) text("referrer", m[9]) text("agent", m[10]) "}"
}
