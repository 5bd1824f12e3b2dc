defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop

  plug Plug.Session,
    store: :cookie,
    key: "_shop_key",
    signing_salt: "salt" # want "A salt of 4 characters"

  plug Plug.Session,
    store: :cookie,
    key: "_other",
    signing_salt: "kV3x9Qw2",
    encryption_salt: "kV3x9Qw2" # want "both keys are then one"
end
