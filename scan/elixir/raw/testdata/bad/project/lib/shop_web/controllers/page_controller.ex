defmodule ShopWeb.PageController do
  use Phoenix.Controller

  def show(conn, params) do
    conn
    |> assign(:title, "A page")
    |> render("show.html", body: params["body"])
  end
end
