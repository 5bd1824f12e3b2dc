defmodule ShopWeb.Router do
  use Phoenix.Router
  import Phoenix.LiveDashboard.Router
  import Plug.BasicAuth

  pipeline :browser do
    plug :fetch_session
  end

  pipeline :admins do
    plug :basic_auth, Application.compile_env(:shop, :basic_auth)
  end

  scope "/" do
    pipe_through [:browser, :admins]
    live_dashboard "/dashboard", metrics: ShopWeb.Telemetry
  end

  scope "/" do
    pipe_through :browser
    live_dashboard "/live", on_mount: [{ShopWeb.Auth, :admin}]
    oban_dashboard "/oban", resolver: ShopWeb.Resolver
  end

  if Application.compile_env(:shop, :dev_routes) do
    scope "/dev" do
      pipe_through :browser
      live_dashboard "/dashboard", metrics: ShopWeb.Telemetry
      forward "/mailbox", Plug.Swoosh.MailboxPreview
    end
  end
end
