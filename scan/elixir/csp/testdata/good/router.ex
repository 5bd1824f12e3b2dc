defmodule ShopWeb.Router do
  use Phoenix.Router
  import ShopWeb.Headers
  @csp "default-src 'self'; script-src 'self' 'nonce-x' 'unsafe-inline'"
  @headers %{"content-security-policy" => @csp}

  pipeline :browser do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers, @headers
  end

  pipeline :own do
    plug :put_secure_browser_headers
    plug :policy
  end

  pipeline :imported do
    plug :put_secure_browser_headers
    plug :put_policy
  end

  pipeline :module do
    plug :put_secure_browser_headers
    plug ShopWeb.Policy
  end

  pipeline :library do
    plug :put_secure_browser_headers
    plug PlugContentSecurityPolicy, directives: %{}
  end

  pipeline :computed do
    plug :put_secure_browser_headers, headers()
  end

  pipeline :api do
    plug :accepts, ["json"]
  end

  pipeline :developers do
    plug :put_secure_browser_headers
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/", PageController, :index
  end

  if Application.compile_env(:shop, :dev_routes) do
    scope "/dev" do
      pipe_through :developers
      get "/mailbox", ShopWeb.Mailbox, :index
    end
  end

  defp policy(conn, _), do: put_resp_header(conn, "content-security-policy", "default-src 'self'")
end

defmodule ShopWeb.Headers do
  import Plug.Conn
  def put_policy(conn, _), do: merge(conn)
  defp merge(conn), do: Phoenix.Controller.put_secure_browser_headers(conn, %{"content-security-policy" => "default-src 'self'"})
end

defmodule ShopWeb.Policy do
  def init(opts), do: opts
  def call(conn, _), do: Plug.Conn.put_resp_header(conn, "Content-Security-Policy", "default-src 'self'")
end
