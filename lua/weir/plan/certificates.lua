--- What is wrong with the certificates of a source or sink, before it is opened.

local secret = require("weir.lib.secret")

local M = {}

local SOON_DAYS = 14

local function has_secret(tls)
  for _, value in pairs(tls) do
    if secret.name_of(value) then
      return true
    end
  end
  return false
end

--- Calls add(severity, node, message) for each finding.
---@param node table  of a graph
function M.check(node, add)
  local described = node.source or node.sink
  local tls = described and described.tls
  if not tls then
    return
  end
  if tls.insecure_accept_any_certificate then
    add("warning", node, "insecure_accept_any_certificate: whoever is in between can read along,"
      .. " and change what is read")
  end
  -- What a secret says is known to a run only.
  if has_secret(tls) then
    return
  end
  local problem, days = require("weir.native.tls").look(tls, described.listen ~= nil)
  if problem then
    add("error", node, problem)
  elseif days < SOON_DAYS then
    add("warning", node, ("the certificate in %s expires in %d days"):format(tls.cert, days))
  end
end

return M
