defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do # want "send POST /orders and one more"
    plug :accepts, ["html"]
    plug :fetch_session
    plug :fetch_live_flash
    plug :put_secure_browser_headers
  end

  pipeline :unused do # want "no route passes through it yet"
    plug :fetch_session
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
    post "/orders", OrderController, :create
    delete "/orders/:id", OrderController, :delete
  end
end

defmodule ShopWeb.HookController do
  use Phoenix.Controller

  def skip(conn, _) do
    put_private(conn, :plug_skip_csrf_protection, true) # want "not asked for here"
  end
end
