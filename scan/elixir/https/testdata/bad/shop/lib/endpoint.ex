defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug Plug.RequestId
  plug ShopWeb.Router
end

defmodule ShopWeb.Admin.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug ShopWeb.Router
end
