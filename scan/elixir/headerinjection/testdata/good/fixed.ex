defmodule ShopWeb.HeadController do
  use Phoenix.Controller

  def echo(conn, %{"value" => value}) do
    conn |> put_resp_header("x-echo", value) |> send_resp(204, "")
  end

  def listed(conn, %{"name" => name}) when name in ["x-a", "x-b"] do
    conn |> put_resp_header(name, "1") |> put_resp_cookie("a", "b") |> send_resp(204, "")
  end

end
