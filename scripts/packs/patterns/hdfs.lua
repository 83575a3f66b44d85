--- Hadoop's HDFS: log4j's "%d{yyMMdd HHmmss} %t %p %c: %m".

return {
  ["hdfs"] = {
    pattern = "%{HDFSTIME:time} %{INT:pid:integer} %{LEVEL:level} %{COMPONENT:component}: "
      .. "%{DATA:message}",
    define = { HDFSTIME = "%[0-9]{6} %[0-9]{6}", COMPONENT = "%[A-Za-z0-9_.$]+" },
    example = "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block "
      .. "blk_38865049064139660 terminating",
  },
}
