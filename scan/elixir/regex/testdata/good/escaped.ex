defmodule ShopWeb.FindController do
  use Phoenix.Controller

  def search(conn, %{"q" => q}) do
    json(conn, Enum.filter(["a"], &(&1 =~ ~r/#{Regex.escape(q)}/i)))
  end

  def fixed(conn, %{"q" => q}) do
    json(conn, q =~ ~r/^a+$/)
  end

  def contains(conn, %{"q" => q}) do
    json(conn, String.contains?("abc", q))
  end

end
