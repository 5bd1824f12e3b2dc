import Config

if config_env() == :prod do
  config :shop, ShopWeb.Endpoint,
    https: [port: 443, certfile: System.fetch_env!("CERT"), keyfile: System.fetch_env!("KEY")]
end
