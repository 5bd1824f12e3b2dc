defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
    plug :protect_from_forgery
  end

  pipeline :api do
    plug :accepts, ["json"]
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/users/settings/edit", SettingsController, :edit
    post "/users/settings/edit", SettingsController, :update
    get "/users/log_in", SessionController, :new
    post "/users/log_in", SessionController, :create
    resources "/items", ItemController
  end

  scope "/api", ShopWeb do
    pipe_through :api
    get "/search", SearchController, :search
    post "/search", SearchController, :search
    match :*, "/hook", HookController, :take
  end
end
