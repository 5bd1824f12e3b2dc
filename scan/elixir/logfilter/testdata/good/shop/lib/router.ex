defmodule ShopWeb.Router do
  use Phoenix.Router
  post "/reset", ShopWeb.ResetController, :update
end

defmodule ShopWeb.ResetController do
  use Phoenix.Controller
  def update(conn, %{"reset_token" => token}), do: Shop.reset(conn, token)
end
