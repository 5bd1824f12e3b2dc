defmodule ShopWeb.LoginController do
  use Phoenix.Controller

  def login(conn, %{"return_to" => url}) do
    redirect(conn, external: url) # want "A browser is sent to an address from parameters of the request"
  end

  def back(conn, _params) do
    referer = conn |> get_req_header("referer") |> List.first()
    conn |> redirect(external: referer || "/") # want "the header referer"
  end

  def header(conn, params) do
    conn |> put_resp_header("location", params["next"]) |> send_resp(302, "") # want "A browser is sent"
  end

  def host(conn, %{"shop" => shop}) do
    redirect(conn, external: "https://#{shop}/login") # want "A browser is sent"
  end

end
