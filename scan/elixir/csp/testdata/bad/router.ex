defmodule ShopWeb.Router do
  use Phoenix.Router
  @headers %{"content-security-policy" => "default-src 'self'; script-src 'self' 'unsafe-inline'"}

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :put_secure_browser_headers # want "no script-src"
  end

  pipeline :embed do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers, @headers # want "'unsafe-inline'"
  end

  pipeline :open do
    plug :put_secure_browser_headers, %{"content-security-policy" => "script-src https:"} # want "any host"
  end

  pipeline :frames do
    plug :put_secure_browser_headers, %{"content-security-policy" => "frame-ancestors 'self'"} # want "neither"
  end

  pipeline :other do
    plug :put_secure_browser_headers, %{"x-frame-options" => "DENY"} # want "no script-src"
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
  end
end
