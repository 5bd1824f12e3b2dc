defmodule ShopWeb.ImportController do
  use Phoenix.Controller

  @hosts ["files.example.com"]
  @base "https://api.example.com/v1"

  def constant(conn, %{"id" => id}) do
    json(conn, Req.get!("https://api.example.com/goods/#{id}").body)
  end

  def attribute(conn, %{"id" => id}) do
    json(conn, HTTPoison.get!(@base <> "/" <> id))
  end

  def config(conn, %{"id" => id}) do
    url = Application.get_env(:shop, :api) <> "/goods/" <> id
    json(conn, HTTPoison.get!(url))
  end

  def listed(conn, %{"url" => url}) do
    uri = URI.parse(url)

    if uri.scheme == "https" and uri.host in @hosts do
      json(conn, Req.get!(url, redirect: false).body)
    else
      send_resp(conn, 422, "")
    end
  end

  def query(conn, %{"q" => q}) do
    json(conn, Req.get!("https://api.example.com", params: [q: q]).body)
  end

end
