defmodule ShopWeb.PhotoController do
  use Phoenix.Controller

  @types %{"png" => "image/png"}

  def photo(conn, %{"type" => type}) do
    conn |> put_resp_content_type(Map.fetch!(@types, type)) |> send_resp(200, "x")
  end

  def fixed(conn, %{"x" => x}) do
    conn |> put_resp_content_type("text/plain") |> put_resp_header("x-name", x) |> send_resp(200, x)
  end

  def checked(conn, %{"type" => type}) when type in ["image/png", "image/gif"] do
    put_resp_content_type(conn, type)
  end

end
