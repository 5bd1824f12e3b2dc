import Config
config :shop, ShopWeb.Local.Endpoint, url: [host: "localhost"]
