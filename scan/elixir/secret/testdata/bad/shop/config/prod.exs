import Config

config :shop, ShopWeb.Endpoint,
  url: [host: "shop.example"],
  secret_key_base: "Zm9vYmFy1Q8w7E6r5T4y3U2i1O0pAsDfGhJkL9zXcVbNmQ2" # want "ShopWeb.Endpoint.secret_key_base holds a secret"

config :shop, Shop.Repo,
  username: "shop",
  password: "postgres" # want "a word of 8 characters"

config :shop, :billing, api_key: "k7Qw2Zx9Lm4Rt6Vb8Nc3" # want "billing.api_key holds a secret in the source (k7Qw…, 20 characters"
