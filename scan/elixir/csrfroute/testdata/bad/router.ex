defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
    plug :protect_from_forgery
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
    get "/users/settings/edit", SettingsController, :edit_bio # want "of POST /users/settings/edit is reached by GET"
    post "/users/settings/edit", SettingsController, :edit_bio
    get "/orders/:id/remove", OrderController, :delete # want "leads to :delete"
    match :*, "/any", AnyController, :change # want "takes every method"
    resources "/items", ItemController
  end
end
