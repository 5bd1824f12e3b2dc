import Config

config :shop, ShopWeb.Endpoint,
  live_view: [signing_salt: "k7Qw2Zx9Lm4Rt6Vb8Nc3"],
  secret_key_base: "Zm9vYmFy1Q8w7E6r5T4y3U2i1O0pAsDfGhJkL9zXcVbNmQ2"

config :shop, Shop.Repo, password: "postgres" # fact "production sets it again"
config :shop, password_reset_path: "/users/reset/k7Qw2Zx9Lm4Rt6"
config :shop, api_key: "${API_KEY}", client_secret: "CHANGE_ME_BEFORE_DEPLOY_1"

if config_env() in [:dev, :test] do
  config :shop, :billing, api_key: "k7Qw2Zx9Lm4Rt6Vb8Nc3"
end
