--- Certificates for specs, made anew by the openssl program: nothing here expires between
-- two runs, and no key lies about.
--
--     local certificates = require("spec.support.certificates").each_block()
--     certificates "host.pem"        its path
--
--   ca.pem       an authority, which has issued all but the last two
--   host.pem     for localhost and 127.0.0.1, with host.key
--   client.pem   for a peer, with client.key
--   other.pem    for other.example, expired.pem for localhost until yesterday: of host.key
--   alone.pem    for localhost, and vouches for itself, with alone.key
--   foreign.pem  for a peer, by an authority that nobody knows, with foreign.key

local busted = require("busted")

local M = {}

local SCRIPT = [[
set -e
new() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }
self() { openssl req -x509 -new -key $1.key -days 3650 -subj "$2" -out $1.pem $3 $4; }
issue() { # NAME KEY SUBJECT NAMES DAYS AUTHORITY
  openssl req -new -key $2.key -subj "$3" -out $1.csr
  echo "subjectAltName=$4" >$1.ext
  openssl x509 -req -in $1.csr -CA $6.pem -CAkey $6.key -set_serial $$ -days $5 \
    -extfile $1.ext -out $1.pem
}
for name in ca nobody host client alone foreign; do new $name; done
self ca /CN=spec-authority
self nobody /CN=nobody
self alone /CN=localhost -addext subjectAltName=DNS:localhost
issue host host /CN=localhost DNS:localhost,IP:127.0.0.1 3650 ca
issue client client /CN=client DNS:client 3650 ca
issue other host /CN=other DNS:other.example 3650 ca
issue expired host /CN=localhost DNS:localhost -1 ca
issue foreign foreign /CN=foreign DNS:foreign 3650 nobody
]]

--- Makes them all in a folder.
function M.make(path)
  local file = assert(io.open(path .. "/make", "w"))
  file:write(SCRIPT)
  file:close()
  local pipe = io.popen(("cd '%s' && sh make 2>&1 && echo made"):format(path))
  local text = pipe:read("*a")
  pipe:close()
  assert(text:find("made\n$"), text)
end

--- A folder of them for the tests of this block: a function that gives their paths.
function M.each_block()
  local path
  busted.setup(function()
    local pipe = io.popen("mktemp -d")
    path = pipe:read("*l")
    pipe:close()
    M.make(path)
  end)
  busted.teardown(function()
    os.execute("rm -rf '" .. path .. "'")
  end)
  return function(name)
    return path .. "/" .. name
  end
end

return M
