import Config
config :phoenix, :filter_parameters, ["pass", "token"]
config :logger, level: :debug
