defmodule ShopWeb.Auth do
  def log_in_user(conn, user) do
    conn
    |> renewed()
    |> put_session(:user_id, user.id)
    |> redirect(to: "/")
  end

  def create(conn, user) do
    conn
    |> configure_session(renew: true)
    |> put_session(:user_token, user.token)
  end

  def touch(conn, user), do: put_session(conn, :user_id, user.id)
  def login_page(conn, _), do: put_session(conn, :return_to, "/")

  defp renewed(conn), do: conn |> configure_session(renew: true) |> clear_session()
end
