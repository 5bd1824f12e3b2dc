import Config

config :shop, webhook_secret: System.get_env("WEBHOOK_SECRET", "let me in") # want "Where WEBHOOK_SECRET is not set"

if config_env() == :prod do
  config :shop, ShopWeb.Endpoint,
    http: [port: String.to_integer(System.get_env("PORT") || "4000")],
    secret_key_base: System.get_env("SECRET_KEY_BASE") || "of words" # want "Where SECRET_KEY_BASE is not set"
end
