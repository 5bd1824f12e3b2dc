defmodule ShopWeb.Router do
  use Phoenix.Router
  import Phoenix.LiveDashboard.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
  end

  scope "/" do
    pipe_through :browser
    live_dashboard "/dashboard", metrics: ShopWeb.Telemetry # want "live_dashboard at /dashboard is open to everybody"
    forward "/mailbox", Plug.Swoosh.MailboxPreview # want "MailboxPreview at /mailbox is open"
    get "/", ShopWeb.PageController, :index
  end

  scope "/ops" do
    pipe_through [:browser, Some.Library]
    oban_dashboard "/oban" # want "no plug that is known here turns strangers away"
  end
end
