defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers
  end

  pipeline :base do
    plug :accepts, ["html"]
  end

  pipeline :headers do
    plug :put_secure_browser_headers
  end

  pipeline :own do
    plug :accepts, ["html"]
    plug ShopWeb.Headers
  end

  pipeline :api do
    plug :accepts, ["json"]
  end

  scope "/", ShopWeb do
    pipe_through [:base, :headers]
    get "/", PageController, :index
  end
end

defmodule ShopWeb.Headers do
  def init(opts), do: opts
  def call(conn, _), do: Plug.Conn.put_resp_header(conn, "x-frame-options", "DENY")
end
