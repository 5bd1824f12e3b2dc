import Config
config :shop, ShopWeb.Endpoint, code_reloader: false
