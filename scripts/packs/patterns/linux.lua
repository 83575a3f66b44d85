--- /var/log/messages: syslog whose programs may have blanks in their names.

return {
  ["linux.messages"] = {
    pattern = "%{SYSLOGTIME:time} %{NOTSPACE:host} %{SPACE}%{PROGRAM:program}"
      .. "%([%{INT:pid:integer}]%)?: %{SPACE}%{DATA:message}",
    define = { PROGRAM = "%[^:[]+" },
    example = "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0",
  },
}
