import Config
config :shop, ShopWeb.Endpoint, debug_errors: true
if config_env() == :dev do
  config :shop, ShopWeb.Other, code_reloader: true
end
