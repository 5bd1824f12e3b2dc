defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :protect_from_forgery
    plug :put_secure_browser_headers
  end

  pipeline :reading do
    plug :fetch_session
  end

  pipeline :first do
    plug :fetch_session
  end

  pipeline :second do
    plug :protect_from_forgery
  end

  pipeline :module do
    plug :fetch_session
    plug Plug.CSRFProtection
  end

  pipeline :api do
    plug :accepts, ["json"]
  end

  scope "/", ShopWeb do
    pipe_through :browser
    post "/orders", OrderController, :create
  end

  scope "/", ShopWeb do
    pipe_through :reading
    get "/feed", FeedController, :index
    post "/guarded", GuardedController, :create
  end

  scope "/", ShopWeb do
    pipe_through [:first, :second]
    post "/two", TwoController, :create
  end

  scope "/api", ShopWeb do
    pipe_through :api
    post "/orders", OrderController, :create
  end
end

defmodule ShopWeb.GuardedController do
  use Phoenix.Controller
  plug :protect_from_forgery
  def create(conn, _), do: conn
end

defmodule ShopWeb.OuterRouter do
  use Phoenix.Router

  pipeline :outer do
    plug :fetch_session
    plug :protect_from_forgery
  end

  scope "/" do
    pipe_through :outer
    forward "/inner", ShopWeb.InnerRouter
  end
end

defmodule ShopWeb.InnerRouter do
  use Phoenix.Router

  pipeline :inner do
    plug :fetch_session
  end

  scope "/" do
    pipe_through :inner
    post "/orders", ShopWeb.OrderController, :create
  end
end
