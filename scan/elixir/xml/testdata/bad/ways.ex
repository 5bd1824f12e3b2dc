defmodule ShopWeb.FeedController do
  use Phoenix.Controller

  def feed(conn, %{"xml" => xml}) do
    json(conn, SweetXml.parse(xml)) # want "XML is read from parameters"
  end

  def erlang(conn, _params) do
    {:ok, body, conn} = read_body(conn)
    {doc, _} = body |> String.to_charlist() |> :xmerl_scan.string() # want "XML is read from the body"
    json(conn, inspect(doc))
  end

end
