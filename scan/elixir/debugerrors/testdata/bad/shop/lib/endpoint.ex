defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug Plug.RequestId
  plug Plug.Debugger, otp_app: :shop # want "Plug.Debugger is plugged for everybody"
  plug ShopWeb.Router
end
