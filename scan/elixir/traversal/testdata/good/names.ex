defmodule ShopWeb.FileController do
  use Phoenix.Controller

  def show(conn, %{"name" => name}) do
    send_file(conn, 200, Path.join("uploads", Path.basename(name)))
  end

  def safe(conn, %{"path" => path}) do
    case Path.safe_relative(path) do
      {:ok, relative} -> send_file(conn, 200, Path.join("uploads", relative))
      :error -> send_resp(conn, 404, "")
    end
  end

  def upload(conn, %{"file" => %Plug.Upload{path: path} = upload}) do
    File.cp!(path, Path.join("uploads", Ecto.UUID.generate() <> Path.extname(upload.filename)))
    json(conn, File.read!(path))
  end

  def config(conn, _params) do
    path = Path.join(Application.app_dir(:shop, "priv"), "terms.txt")
    send_file(conn, 200, path)
  end

  def number(conn, %{"id" => id}) do
    send_file(conn, 200, "uploads/#{String.to_integer(id)}.png")
  end

  def binary(conn, %{"name" => name}) do
    send_download(conn, {:binary, "x"}, filename: name)
  end

  def listed(conn, %{"name" => name}) do
    if Enum.member?(["terms", "privacy"], name), do: send_file(conn, 200, "pages/#{name}.html"), else: send_resp(conn, 404, "")
  end

end
