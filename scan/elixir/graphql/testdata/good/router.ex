defmodule ShopWeb.Router do
  use Phoenix.Router
  @options [schema: ShopWeb.Schema, analyze_complexity: true, max_complexity: 200]

  scope "/" do
    forward "/api", Absinthe.Plug, schema: ShopWeb.Schema, analyze_complexity: true, max_complexity: 300
    forward "/other", Absinthe.Plug, @options
  end

  if Mix.env() == :dev do
    forward "/graphiql", Absinthe.Plug.GraphiQL, schema: ShopWeb.Schema
  end
end
