import Config
config :logger, level: :info
config :phoenix, :json_library, Jason
