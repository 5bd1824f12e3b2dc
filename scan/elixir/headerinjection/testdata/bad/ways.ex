defmodule ShopWeb.HeadController do
  use Phoenix.Controller

  def echo(conn, %{"name" => name}) do
    conn |> put_resp_header(name, "1") |> send_resp(204, "") # want "The name of a header comes from parameters"
  end

  def cookie(conn, params) do
    conn |> put_resp_cookie(params["name"], "1") |> send_resp(204, "") # want "The name of a header"
  end

end
