defmodule ShopWeb.LoginController do
  use Phoenix.Controller

  def login(conn, %{"return_to" => path}) do
    redirect(conn, to: path)
  end

  def fixed(conn, %{"id" => id}) do
    redirect(conn, external: "https://pay.example.com/#{id}")
  end

  def config(conn, %{"id" => id}) do
    redirect(conn, external: Application.get_env(:shop, :pay) <> "/" <> id)
  end

  def compared(conn, %{"url" => url}) do
    if URI.parse(url).host == conn.host do
      redirect(conn, external: url)
    else
      redirect(conn, to: "/")
    end
  end

  def other(conn, %{"x" => x}) do
    conn |> put_resp_header("x-echo", x) |> send_resp(204, "")
  end

end
