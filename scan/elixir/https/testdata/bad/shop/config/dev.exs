import Config
config :shop, ShopWeb.Endpoint, https: [port: 4001]
