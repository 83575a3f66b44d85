--- nginx. Source: its log_format "combined", and ngx_log.c for errors.

return {
  ["nginx.access"] = {
    pattern = "%{NOTSPACE:client} - %{DATA:user?} [%{HTTPDATE:time}] "
      .. '%("%{METHOD:method} %{NOTSPACE:path} %{PROTOCOL:protocol}"%|""%|%{QUOTED:request}%) '
      .. "%{INT:status:integer} %{INT:bytes:integer} "
      .. '%("-"%|%{QUOTED:referrer}%) %("-"%|%{QUOTED:agent}%)',
    define = { PROTOCOL = "HTTP/%{NUMBER}" },
    example = '203.0.113.7 - - [28/Jul/2026:10:27:10 +0000] "GET /a?b=c HTTP/1.1" 200 612 "-" '
      .. '"curl/8.5.0"',
  },
  ["nginx.error"] = {
    pattern = "%{NGINXTIME:time} [%{WORD:level}] %{INT:pid:integer}#%{INT:tid:integer}: "
      .. "%(*%{INT:connection:integer} %)?%("
      .. "%{DATA:message}, client: %{PART:client}, server: %{DATA:server}"
      .. "%(, request: %{QUOTED:request}%)?%(, upstream: %{QUOTED:upstream}%)?"
      .. "%(, host: %{QUOTED:host}%)?%(, referrer: %{QUOTED:referrer}%)?%|%{DATA:message}%)",
    define = {
      NGINXTIME = "%[0-9]{4}/%[0-9]{2}/%[0-9]{2} %{CLOCK}",
      PART = "%[^,]+",
    },
    example = '2026/07/28 10:27:10 [error] 29#31: *94 open() "/srv/x" failed (2: No such file or '
      .. 'directory), client: 203.0.113.7, server: example.com, request: "GET /x HTTP/1.1", '
      .. 'host: "example.com"',
  },
}
