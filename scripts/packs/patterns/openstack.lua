--- OpenStack's Nova, as oslo.log writes it; in collections the log file's name may
--- stand in front.

return {
  ["openstack.nova"] = {
    pattern = "%(%{NOTSPACE:file} %)?%{NOVATIME:time} %{INT:pid:integer} %{LEVEL:level} "
      .. "%{COMPONENT:component} [%{DATA:request?}] %{DATA:message}",
    define = { NOVATIME = "%{DATE} %{CLOCK}.%{DIGITS}", COMPONENT = "%[A-Za-z0-9_.]+" },
    example = "2017-05-16 00:00:10.302 2931 INFO nova.virt.libvirt.driver [-] "
      .. "[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] Instance spawned successfully.",
  },
}
