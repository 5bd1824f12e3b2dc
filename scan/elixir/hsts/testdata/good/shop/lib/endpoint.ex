defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug ShopWeb.Router
end

defmodule ShopWeb.Plugged.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug Plug.SSL, rewrite_on: [:x_forwarded_proto]
  plug ShopWeb.Router
end
