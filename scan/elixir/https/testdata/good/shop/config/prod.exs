import Config
config :shop, ShopWeb.Endpoint, url: [host: "shop.example"]
config :shop, ShopWeb.Api.Endpoint, url: [host: "api.shop.example"]
