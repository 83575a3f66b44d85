--- Apache httpd. Source: httpd's mod_log_config and ErrorLogFormat.

local define = {
  -- A request line, or what a client sent in its place.
  REQUEST = '%("%{METHOD:method} %{NOTSPACE:path} %{PROTOCOL:protocol}"%|"-"%|'
    .. "%{QUOTED:request}%)",
  PROTOCOL = "HTTP/%{NUMBER}",
  COMMON = "%{NOTSPACE:client} %{NOTSPACE:identity?} %{DATA:user?} [%{HTTPDATE:time}] "
    .. "%{REQUEST} %{INT:status:integer} %{INT:bytes:integer?}",
  ERRORTIME = "%{DAY} %{MONTH} %[0-9]{2} %{CLOCK}%(.%{DIGITS}%)? %{YEAR}",
}

local common = "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "
  .. '"GET /apache_pb.gif HTTP/1.0" 200 2326'

return {
  ["apache.access"] = { pattern = "%{COMMON}", define = define, example = common },
  ["apache.common"] = { pattern = "%{COMMON}", define = define, example = common },
  ["apache.combined"] = {
    pattern = '%{COMMON} %("-"%|%{QUOTED:referrer}%) %("-"%|%{QUOTED:agent}%)',
    define = define,
    example = common .. ' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"',
  },
  ["apache.error"] = {
    -- `[core:error] [pid 9:tid 1]` since 2.4, `[error]` before.
    pattern = "[%{ERRORTIME:time}] [%(%(%{WORD:module}%)?:%)?%{WORD:level}]"
      .. "%( [pid %{INT:pid:integer}%(:tid %{INT:tid:integer}%)?]%)?"
      .. "%( [client %(%{IP:client}%(:%{INT:port:integer}%)?%|%{DATA:client}%)]%)? %{DATA:message}",
    define = define,
    example = "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] "
      .. "[client 72.15.99.187] File does not exist: /usr/local/apache2/htdocs/favicon.ico",
  },
}
