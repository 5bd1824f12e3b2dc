defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop

  @session_options [
    store: :cookie,
    key: "_shop_key",
    signing_salt: "kV3x9Qw2",
    http_only: false, # want "The session can be read by every script"
    same_site: "None", # want "The session is sent with requests that other sites make"
    secure: false # want "The session is sent by http too"
  ]

  plug Plug.Session, @session_options
  plug ShopWeb.Router
end

defmodule ShopWeb.Remember do
  def put(conn, token) do
    conn
    |> put_resp_cookie("_shop_remember_me", token, sign: true, http_only: false) # want "Cookie _shop_remember_me can be read"
    |> Plug.Conn.put_resp_cookie("theme", "dark", http_only: false)
  end
end
