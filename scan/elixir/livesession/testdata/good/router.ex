defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
  end

  scope "/", ShopWeb do
    pipe_through :browser

    live_session :open do
      live "/", HomeLive, :index
    end
  end

  scope "/admin", ShopWeb do
    pipe_through [:browser, :require_admin]

    live_session :admin, on_mount: [ShopWeb.Auth] do
      live "/orders", OrderLive, :index
    end

    live_session :other do
      live "/items", OrderLive, :items
      live "/users", OrderLive, :users
    end
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
