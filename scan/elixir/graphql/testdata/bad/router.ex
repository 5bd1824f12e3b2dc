defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :api do
    plug :accepts, ["json"]
  end

  scope "/" do
    pipe_through :api
    forward "/api", Absinthe.Plug, schema: ShopWeb.Schema # want "GraphQL at /api answers"
    forward "/off", Absinthe.Plug, schema: ShopWeb.Schema, analyze_complexity: false # want "GraphQL at /off answers"
  end
end
