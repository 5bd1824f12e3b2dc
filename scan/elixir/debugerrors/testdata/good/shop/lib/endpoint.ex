defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop

  if code_reloading? do
    plug Phoenix.LiveReloader
    plug Phoenix.CodeReloader
  end

  if Mix.env() == :dev do
    use Plug.Debugger, otp_app: :shop
  end

  plug ShopWeb.Router
end
