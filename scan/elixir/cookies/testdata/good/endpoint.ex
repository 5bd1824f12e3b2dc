defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @session_options [store: :cookie, key: "_shop_key", signing_salt: "kV3x9Qw2", same_site: "Lax", secure: true]

  plug Plug.Session, @session_options
  plug Plug.Session, store: :cookie, key: "_b", signing_salt: "b", secure: Application.compile_env(:shop, :secure)
  plug ShopWeb.Router
end

defmodule ShopWeb.Remember do
  @options [sign: true, max_age: 86_400, same_site: "Strict"]
  def put(conn, token), do: put_resp_cookie(conn, "_shop_remember_me", token, @options)
  def theme(conn), do: put_resp_cookie(conn, "theme", "dark", http_only: false, secure: false)
end
