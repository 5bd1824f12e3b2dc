defmodule ShopWeb.FeedController do
  use Phoenix.Controller

  def feed(conn, %{"xml" => xml}) do
    json(conn, SweetXml.parse(xml, dtd: :none))
  end

  def saxy(conn, %{"xml" => xml}) do
    json(conn, Saxy.parse_string(xml, Shop.Feed, []))
  end

  def own(conn, _params) do
    json(conn, SweetXml.parse("<a/>"))
  end

end
