import Config
config :phoenix, :json_library, Jason
config :phoenix, :filter_parameters, ["token", "secret"] # want "leaves password out"
