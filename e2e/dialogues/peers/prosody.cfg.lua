-- Debian's Prosody for dialogues, filled in by ../runner/servers.ts (@DATA@, @PORT@, @DOMAIN@)
daemonize = false
pidfile = "@DATA@/prosody.pid"
data_path = "@DATA@"
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = { }
s2s_ports = { }
http_ports = { }
https_ports = { }
modules_disabled = { "s2s", "posix", "limits" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "carbons", "ping", "version", "time", "uptime", "private",
  "vcard_legacy", "pep", "blocklist", "smacks", "csi", "csi_simple", "lastactivity", "register", "register_ibr",
  "server_contact_info", "adhoc" }
contact_info = { abuse = { "mailto:abuse@@DOMAIN@" } }
allow_registration = false
c2s_require_encryption = false
authentication = "internal_plain"
storage = "internal"
log = { { levels = { min = "warn" }, to = "file", filename = "@DATA@/prosody.log" } }
ssl = { certificate = "@DATA@/cert.pem", key = "@DATA@/key.pem" }
VirtualHost "@DOMAIN@"
