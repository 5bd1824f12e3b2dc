defmodule ShopWeb.FindController do
  use Phoenix.Controller

  def search(conn, %{"q" => q}) do
    json(conn, Enum.filter(["a"], &(&1 =~ ~r/#{q}/i))) # want "A regular expression is made from parameters"
  end

  def compiled(conn, params) do
    {:ok, re} = Regex.compile(params["q"]) # want "A regular expression"
    json(conn, Regex.match?(re, "a"))
  end

end
