defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug Plug.Session, store: :ets, key: "_shop", table: :session
end

defmodule ShopWeb.Auth do
  def log_in_user(conn, user) do
    conn
    |> put_session(:user_id, user.id) # want "kept on the server (ets)"
    |> redirect(to: "/")
  end

  def theme(conn, theme), do: put_session(conn, :theme, theme)
end
