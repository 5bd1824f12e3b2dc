import Config

config :shop, ShopWeb.Endpoint,
  https: [
    port: 443,
    certfile: "server.pem",
    keyfile: "server.key",
    cacertfile: "clients.pem",
    verify: :verify_peer,
    fail_if_no_peer_cert: true
  ]

config :shop, ShopWeb.Plain.Endpoint, https: [port: 443, certfile: "server.pem", cacertfile: "chain.pem"]
config :shop, Shop.Client, ssl: [certfile: "us.pem", verify: :verify_peer, cacertfile: "them.pem"]
