defmodule ShopWeb.EchoController do
  use Phoenix.Controller

  def page(conn, %{"i" => i}) do
    conn = put_resp_content_type(conn, "text/html")
    conn |> send_resp(200, "#{i}") # want "The body of an answer is made from parameters"
  end

  def plain(conn, params) do
    send_resp(conn, 200, params["text"]) # want "The body of an answer is made from parameters"
  end

  def set(conn, params) do
    conn |> put_resp_header("content-type", "text/html") |> resp(200, params["x"]) |> send_resp() # want "The body of an answer"
  end

end
