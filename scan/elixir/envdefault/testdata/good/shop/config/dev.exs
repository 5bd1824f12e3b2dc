import Config
config :shop, Shop.Repo, password: System.get_env("DB_PASSWORD", "postgres")
