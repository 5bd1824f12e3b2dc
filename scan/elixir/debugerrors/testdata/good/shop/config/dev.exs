import Config
config :shop, ShopWeb.Endpoint, debug_errors: true, code_reloader: true
config :shop, Shop.Repo, show_sensitive_data_on_connection_error: true
