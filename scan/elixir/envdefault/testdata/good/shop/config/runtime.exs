import Config

if config_env() == :dev do
  config :shop, webhook_secret: System.get_env("WEBHOOK_SECRET", "developer")
end

if config_env() == :prod do
  config :shop, webhook_secret: System.fetch_env!("WEBHOOK_SECRET")
  config :shop, host: System.get_env("HOST") || "shop.example"
  config :shop, token_url: System.get_env("TOKEN_URL", "https://id.example/token")
  config :shop, other_secret: System.get_env("OTHER_SECRET") || raise("OTHER_SECRET is not set")
  config :shop, empty_secret: System.get_env("EMPTY_SECRET", "")
end
