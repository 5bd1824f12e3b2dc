defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :api do
    plug ShopWeb.RateLimit
    plug ShopWeb.RequireKey
    plug ShopWeb.RateLimit, by: :account
  end

  pipeline :browser do
    plug :require_user
    plug ShopWeb.RateLimit
  end

  scope "/api", ShopWeb do
    pipe_through :api
    get "/orders", OrderController, :index
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
  end

  defp require_user(conn, _), do: if(get_session(conn, :user), do: conn, else: halt(conn))
end

defmodule ShopWeb.RequireKey do
  import Plug.Conn
  def init(opts), do: opts
  def call(conn, _), do: if(get_req_header(conn, "authorization") == [], do: halt(conn), else: conn)
end

defmodule ShopWeb.RateLimit do
  def init(opts), do: opts
  def call(conn, _), do: conn
end

defmodule ShopWeb.SessionController do
  use Phoenix.Controller

  def create(conn, %{"email" => email, "password" => password}) do
    with {:allow, _} <- Hammer.check_rate("login:#{email}", 60_000, 5),
         %{} = user <- Shop.get_user_by_email_and_password(email, password) do
      log_in(conn, user)
    end
  end
end
