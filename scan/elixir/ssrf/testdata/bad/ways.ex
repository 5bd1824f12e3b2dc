defmodule ShopWeb.ImportController do
  use Phoenix.Controller

  def req(conn, %{"url" => url}) do
    json(conn, Req.get!(url).body) # want "A request is sent to an address from parameters"
  end

  def options(conn, params) do
    json(conn, Req.request!(method: :get, url: params["url"])) # want "A request is sent"
  end

  def poison(conn, %{"host" => host}) do
    fetch("https://" <> host <> "/status")
    json(conn, %{})
  end

  defp fetch(url), do: HTTPoison.get!(url, [], follow_redirect: true) # want "A request is sent"

  def finch(conn, %{"webhook" => %{"url" => url}}) do
    :get |> Finch.build(url) |> Finch.request(Shop.Finch) # want "A request is sent"
    json(conn, %{})
  end

  def httpc(conn, %{"url" => url}) do
    :httpc.request(:get, {String.to_charlist(url), []}, [], []) # want "A request is sent"
    json(conn, %{})
  end

  def tesla(conn, %{"sub" => sub}) do
    Tesla.get("https://#{sub}.example.com/") # want "A request is sent"
    json(conn, %{})
  end

end
