import Config

if config_env() == :prod do
  config :shop, ShopWeb.Endpoint, check_origin: String.split(System.fetch_env!("ORIGINS"), ",")
end
