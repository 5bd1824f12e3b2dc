defmodule ShopWeb.Router do
  use Phoenix.Router
  get "/", ShopWeb.ResetController, :index
  post "/reset", ShopWeb.ResetController, :update
end

defmodule ShopWeb.ResetController do
  use Phoenix.Controller
  def index(conn, %{"page" => page}), do: render(conn, :index, page: page)
  def update(conn, %{"reset_token" => token}), do: Shop.reset(conn, token) # want "The parameter reset_token"
end
