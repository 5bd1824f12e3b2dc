defmodule ShopWeb.Router do
  use Phoenix.Router
  import ShopWeb.Auth

  pipeline :browser do
    plug :fetch_session
  end

  pipeline :staff do
    plug :must_be_staff
  end

  scope "/admin", ShopWeb.Admin do
    pipe_through [:browser, :require_admin]
    resources "/users", UserController
  end

  scope "/staff", ShopWeb.Admin do
    pipe_through [:browser, :staff]
    get "/", HomeController, :index
  end

  scope "/admin", ShopWeb.Admin do
    pipe_through :browser
    get "/guarded", GuardedController, :index
    get "/self", SelfController, :index
    get "/sign_in", SessionController, :new

    live_session :admin, on_mount: [{ShopWeb.Auth, :admin}] do
      live "/orders", OrderLive, :index
    end
  end

  scope "/admin", ShopWeb.Admin do
    pipe_through [:browser, ShopWeb.Gate]
    get "/gate", HomeController, :index
  end

  scope "/administer", ShopWeb.Admin do
    get "/", HomeController, :index
  end

  scope "/admin", ShopWeb.Admin do
    plug Some.Library
    get "/library", HomeController, :index
  end

  if Mix.env() == :dev do
    get "/admin/dev", ShopWeb.Admin.HomeController, :index
  end

  defp must_be_staff(conn, _), do: if(conn.assigns[:staff], do: conn, else: deny(conn))
  defp deny(conn), do: conn |> redirect(to: "/") |> halt()
end

defmodule ShopWeb.Auth do
  import Plug.Conn
  def require_admin(conn, _), do: if(conn.assigns[:admin], do: conn, else: halt(conn))
  def on_mount(:admin, _params, _session, socket), do: {:halt, socket}
  def on_mount(:anybody, _params, _session, socket), do: {:cont, socket}
end

defmodule ShopWeb.Gate do
  def init(opts), do: opts
  def call(conn, _), do: Plug.Conn.halt(conn)
end

defmodule ShopWeb.Admin.HomeController do
  use Phoenix.Controller
  def index(conn, _), do: render(conn, :index)
end

defmodule ShopWeb.Admin.UserController do
  use Phoenix.Controller
  def index(conn, _), do: render(conn, :index)
end

defmodule ShopWeb.Admin.GuardedController do
  use Phoenix.Controller
  plug :admins_only
  def index(conn, _), do: render(conn, :index)
  defp admins_only(conn, _), do: if(conn.assigns[:admin], do: conn, else: halt(conn))
end

defmodule ShopWeb.Admin.SelfController do
  use Phoenix.Controller
  def index(conn, _), do: with(:ok <- Bodyguard.permit(Shop, :list, conn.assigns.user), do: render(conn, :index))
end

defmodule ShopWeb.Admin.OrderLive do
  use Phoenix.LiveView
  def mount(_params, _session, socket), do: {:ok, socket}
end
