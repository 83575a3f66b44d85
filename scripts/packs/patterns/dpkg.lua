--- dpkg's log. Source: dpkg(1), --log.

return {
  ["dpkg"] = {
    pattern = "%{DPKGTIME:time} %("
      .. "%{STATUS:action} %{NOTSPACE:state} %{PACKAGE} %{NOTSPACE:version}%|"
      .. "%{STARTUP:action} %{NOTSPACE:scope} %{NOTSPACE:command}%|"
      .. "%{CONFFILE:action} %{PATH:path} %{WORD:decision}%|"
      .. "%{WORD:action} %{PACKAGE} %{NOTSPACE:old_version} %{NOTSPACE:version}%)",
    define = {
      DPKGTIME = "%{DATE} %{CLOCK}",
      STATUS = "status",
      STARTUP = "startup",
      CONFFILE = "conffile",
      PACKAGE = "%{PACKAGENAME:package}%(:%{WORD:architecture}%)?",
      PACKAGENAME = "%[a-z0-9+.-]+",
    },
    example = "2025-06-24 14:36:25 upgrade libsystemd0:amd64 252.36-1~deb12u1 252.38-1~deb12u1",
  },
}
