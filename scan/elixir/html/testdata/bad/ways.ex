defmodule ShopWeb.HelloController do
  use Phoenix.Controller

  def hello(conn, %{"name" => name}) do
    html(conn, "<p>Hello, #{name}</p>") # want "A page is made from parameters"
  end

  def agent(conn, _params) do
    conn |> Phoenix.Controller.html(page(get_req_header(conn, "user-agent"))) # want "the header user-agent"
  end

  defp page([agent]), do: "<p>" <> agent <> "</p>"

end
