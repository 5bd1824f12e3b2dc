defmodule ShopWeb.PageController do
  use Phoenix.Controller

  def show(conn, %{"url" => url, "q" => q}), do: render(conn, "show.html", url: url, q: q)
end
