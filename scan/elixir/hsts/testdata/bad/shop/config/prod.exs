import Config

config :shop, ShopWeb.Endpoint, https: [port: 443] # want "lets browsers come back by http"

config :shop, ShopWeb.Off.Endpoint,
  url: [scheme: "https"],
  force_ssl: [hsts: false] # want "not to remember"

config :shop, ShopWeb.Short.Endpoint, force_ssl: [expires: 3600] # want "less than thirty days"
