import Config

config :shop, Shop.Repo, password: "postgres" # want "in the environment bench is a word"
config :shop, ShopWeb.Endpoint, secret_key_base: "Zm9vYmFy1Q8w7E6r5T4y3U2i1O0pAsDfGhJkL9zXcVbNmQ2" # want "for the environment bench"
