defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug ShopWeb.Router
end

defmodule ShopWeb.Api.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug :secure
  plug ShopWeb.Router

  defp secure(conn, _), do: Plug.SSL.call(conn, Plug.SSL.init(rewrite_on: [:x_forwarded_proto]))
end

defmodule ShopWeb.Local.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
end
