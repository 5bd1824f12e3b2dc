import Config

config :shop, ShopWeb.Endpoint,
  https: [
    port: 443,
    certfile: "server.pem",
    keyfile: "server.key",
    cacertfile: "clients.pem",
    verify: :verify_peer # want "A client without a certificate is let in"
  ]

config :shop, ShopWeb.Device.Endpoint,
  https: [port: 8443, certfile: "server.pem", keyfile: "server.key", fail_if_no_peer_cert: true] # want "not verified"

config :shop, ShopWeb.Other.Endpoint,
  https: [
    port: 8444,
    certfile: "server.pem",
    cacertfile: "client-ca.pem" # want "no client is asked"
  ]
