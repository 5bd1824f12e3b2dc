defmodule ShopWeb.SessionController do
  def create(conn, %{"user" => params}) do
    user = Shop.authenticate(params)
    conn = Plug.Conn.put_session(conn, "current_user", user.id) # want "The session of before is kept at sign-in"
    redirect(conn, to: "/")
  end
end
