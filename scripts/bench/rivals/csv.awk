# csv.awk -- a CSV file to JSON, where no value is quoted. Two columns are numbers.

function text(value)
{
  if (value ~ /["\\]/)
    gsub(/["\\]/, "\\\\&", value)
  return "\"" value "\""
}

BEGIN { FS = "," }

NR == 1 {
  for (i = 1; i <= NF; i++) {
    key[i] = (i == 1 ? "{\"" : ",\"") $i "\":"
    number[i] = $i == "status" || $i == "latency_ms"
  }
  next
}

{
  line = ""
  for (i = 1; i <= NF; i++)
    line = line key[i] (number[i] ? $i : text($i))
  print line "}"
}
