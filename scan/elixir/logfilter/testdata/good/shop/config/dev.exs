import Config
config :logger, level: :debug
config :phoenix, :filter_parameters, ["nothing"]
