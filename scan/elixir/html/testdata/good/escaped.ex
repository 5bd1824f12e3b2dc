defmodule ShopWeb.HelloController do
  use Phoenix.Controller

  def hello(conn, %{"name" => name}) do
    html(conn, "<p>Hello, #{Plug.HTML.html_escape(name)}</p>")
  end

  def fixed(conn, _params) do
    html(conn, "<p>Hello</p>")
  end

  def number(conn, %{"n" => n}) do
    html(conn, "<p>#{String.to_integer(n) + 1}</p>")
  end

end
