defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do # want "Pages of pipeline :browser"
    plug :accepts, ["html", "json"]
    plug :fetch_session
    plug :protect_from_forgery
    plug ShopWeb.Locale
  end

  pipeline :words do # want "Pages of pipeline :words"
    plug :accepts, ~w(html)
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
  end
end

defmodule ShopWeb.Locale do
  def init(opts), do: opts
  def call(conn, _), do: Plug.Conn.assign(conn, :locale, "en")
end
