defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
  end

  scope "/", ShopWeb do
    pipe_through :browser
    live "/", HomeLive, :index
  end

  scope "/admin", ShopWeb do
    pipe_through [:browser, :require_admin]
    live "/orders", OrderLive, :index # want "shares its live_session with /, which is open"
    live "/careful", CarefulLive, :index
  end

  defp require_admin(conn, _), do: if(conn.assigns[:admin], do: conn, else: halt(conn))
end

defmodule ShopWeb.HomeLive do
  use Phoenix.LiveView
  def mount(_, _, socket), do: {:ok, socket}
end

defmodule ShopWeb.OrderLive do
  use Phoenix.LiveView
  def mount(_, _, socket), do: {:ok, socket}
end

defmodule ShopWeb.CarefulLive do
  use Phoenix.LiveView
  on_mount ShopWeb.Auth
  def mount(_, _, socket), do: {:ok, socket}
end
