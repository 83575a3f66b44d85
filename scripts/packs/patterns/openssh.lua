--- OpenSSH's server, as syslog writes it to auth.log.

return {
  ["openssh"] = {
    pattern = "%{SYSLOGTIME:time} %{NOTSPACE:host} %{SSHD:program}[%{INT:pid:integer}]: "
      .. "%{DATA:message}",
    define = { SSHD = "sshd%(-session%|-auth%)?" },
    example = "Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster from 173.234.31.186",
  },
}
