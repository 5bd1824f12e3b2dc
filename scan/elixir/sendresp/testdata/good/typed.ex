defmodule ShopWeb.EchoController do
  use Phoenix.Controller

  def json_body(conn, %{"i" => i}) do
    conn
    |> put_resp_content_type("application/json")
    |> send_resp(200, Jason.encode!(%{i: i}))
  end

  def csv(conn, params) do
    conn |> put_resp_header("content-type", "text/csv") |> send_resp(200, params["x"])
  end

  def constant(conn, _params) do
    send_resp(conn, 404, "Not found")
  end

  def status(conn, %{"code" => code}) do
    send_resp(conn, String.to_integer(code), message(code))
  end

  defp message("404"), do: "no"
  defp message(_), do: "yes"

end
