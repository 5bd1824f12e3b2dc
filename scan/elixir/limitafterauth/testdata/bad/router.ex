defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :api do
    plug :accepts, ["json"]
    plug ShopWeb.RequireKey
    plug ShopWeb.RateLimit # want "ShopWeb.RateLimit counts behind ShopWeb.RequireKey"
  end

  scope "/api", ShopWeb do
    pipe_through :api
    get "/orders", OrderController, :index
    post "/orders", OrderController, :create
  end
end

defmodule ShopWeb.RequireKey do
  import Plug.Conn
  def init(opts), do: opts

  def call(conn, _) do
    case get_req_header(conn, "authorization") do
      ["Bearer " <> key] -> assign(conn, :account, Shop.account!(key))
      _ -> conn |> send_resp(401, "") |> halt()
    end
  end
end

defmodule ShopWeb.RateLimit do
  def init(opts), do: opts
  def call(conn, _), do: conn
end

defmodule ShopWeb.SessionController do
  use Phoenix.Controller

  def create(conn, %{"email" => email, "password" => password}) do
    if user = Shop.get_user_by_email_and_password(email, password) do
      log_in(conn, user)
    else
      Hammer.check_rate("login:#{email}", 60_000, 5) # want "counted behind get_user_by_email_and_password"
      render(conn, :new)
    end
  end
end
