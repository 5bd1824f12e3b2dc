import Config

if config_env() == :prod do
  config :shop, ShopWeb.Endpoint, secret_key_base: System.fetch_env!("SECRET_KEY_BASE")
  config :shop, Shop.Repo, password: System.fetch_env!("DB_PASSWORD")
end
