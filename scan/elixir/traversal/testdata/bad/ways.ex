defmodule ShopWeb.FileController do
  use Phoenix.Controller

  def show(conn, %{"name" => name}) do
    send_file(conn, 200, Path.join("uploads", name)) # want "A path is made from parameters of the request"
  end

  def download(conn, params) do
    path = "uploads/" <> params["name"]
    send_download(conn, {:file, path}) # want "A path is made from"
  end

  def read(conn, %{"name" => name}) do
    text(conn, File.read!("uploads/#{name}")) # want "A path is made from"
  end

  def upload(conn, %{"file" => %Plug.Upload{filename: filename, path: path}}) do
    File.cp!(path, Path.join("uploads", filename)) # want "A path is made from"
    json(conn, %{})
  end

  def other(conn, %{"file" => upload}) do
    File.write("uploads/" <> upload.filename, "x") # want "A path is made from"
    json(conn, %{})
  end

  def remove(conn, %{"id" => id}) do
    conn |> folder(id) |> File.rm_rf!() # want "A path is made from"
    json(conn, %{})
  end

  defp folder(_conn, id), do: Path.expand(id, "uploads")

  def erlang(conn, params) do
    {:ok, bytes} = :file.read_file(params["name"]) # want "A path is made from"
    text(conn, bytes)
  end

end
