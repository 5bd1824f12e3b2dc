import Config

config :shop, ShopWeb.Endpoint, # want "ShopWeb.Endpoint listens without https"
  url: [host: "shop.example", port: 80],
  cache_static_manifest: "priv/static/cache_manifest.json"

config :shop, ShopWeb.Admin.Endpoint, # want "leaves https to a proxy"
  url: [host: "admin.shop.example", scheme: "https", port: 443]
