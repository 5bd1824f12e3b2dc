defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :fetch_current_user
  end

  scope "/admin", ShopWeb.Admin do
    pipe_through :browser
    get "/", HomeController, :index # want "GET /admin is open"
    resources "/users", UserController # want "GET /admin/users is open"
    live "/orders", OrderLive, :index # want "GET /admin/orders is open"
    get "/log_in", SessionController, :new
  end

  forward "/staff", ShopWeb.StaffRouter

  defp fetch_current_user(conn, _), do: assign(conn, :current_user, get_session(conn, :user))
end

defmodule ShopWeb.StaffRouter do
  use Phoenix.Router
  get "/reports", ShopWeb.Admin.HomeController, :reports # want "GET /staff/reports is open"
end

defmodule ShopWeb.Admin.HomeController do
  use Phoenix.Controller
  def index(conn, _), do: render(conn, :index)
  def reports(conn, _), do: render(conn, :reports)
end

defmodule ShopWeb.Admin.UserController do
  use Phoenix.Controller
  def index(conn, _), do: render(conn, :index)
end

defmodule ShopWeb.Admin.OrderLive do
  use Phoenix.LiveView
  def mount(_params, _session, socket), do: {:ok, socket}
end
