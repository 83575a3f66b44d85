--- Syslog. Source: RFC 3164, 4.1 and RFC 5424, 6.

return {
  ["syslog.3164"] = {
    pattern = "%(<%{INT:priority:integer}>%)?%{SYSLOGTIME:time} %{NOTSPACE:host} "
      .. "%(%{PROGRAM:program}%([%{INT:pid:integer}]%)?: %)?%{DATA:message}",
    define = { PROGRAM = [[%[^\][: ]+]] },
    example = "<34>Oct 11 22:14:15 mymachine su[4711]: 'su root' failed for lonvick on /dev/pts/8",
  },
  ["syslog.5424"] = {
    pattern = "<%{INT:priority:integer}>%{INT:version:integer} %{NOTSPACE:time?} "
      .. "%{NOTSPACE:host?} %{NOTSPACE:program?} %{NOTSPACE:pid?} %{NOTSPACE:message_id?} "
      .. "%{ELEMENTS:data?}%( %{DATA:message}%)?",
    -- A bracket within a value is escaped, so what ends an element follows a quote or
    -- the element's name.
    define = { ELEMENTS = '[%{DATA}%[A-Za-z0-9@"]]' },
    example = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
      .. '[exampleSDID@32473 iut="3" eventSource="Application"] An application event log entry',
  },
}
