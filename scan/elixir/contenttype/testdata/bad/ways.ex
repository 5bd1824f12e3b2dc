defmodule ShopWeb.PhotoController do
  use Phoenix.Controller

  def photo(conn, %{"type" => type}) do
    conn |> put_resp_content_type(type) |> send_resp(200, "x") # want "The content type of an answer comes from parameters"
  end

  def header(conn, params) do
    put_resp_header(conn, "content-type", "image/" <> params["type"]) # want "The content type"
  end

  def upload(conn, %{"file" => %Plug.Upload{} = file}) do
    put_resp_content_type(conn, file.content_type) # want "The content type"
  end

  def cached(conn, %{"id" => id}) do
    %{type: type, bin: bin} = Shop.Cache.get(id)
    conn |> put_resp_content_type(type) |> send_resp(200, bin) # note "The content type of an answer comes from a value"
  end

end
