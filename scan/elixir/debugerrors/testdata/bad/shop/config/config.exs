import Config

config :shop, ShopWeb.Endpoint,
  url: [host: "localhost"],
  debug_errors: true, # want "Errors show source"
  code_reloader: true

config :shop, Shop.Repo, show_sensitive_data_on_connection_error: true # want "password included"
