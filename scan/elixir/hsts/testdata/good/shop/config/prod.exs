import Config

config :shop, ShopWeb.Endpoint, https: [port: 443], force_ssl: [hsts: true, expires: 63_072_000]
config :shop, ShopWeb.Plugged.Endpoint, https: [port: 443]
