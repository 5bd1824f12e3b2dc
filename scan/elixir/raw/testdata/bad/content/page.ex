defmodule ShopWeb.PageController do
  use Phoenix.Controller
  import Phoenix.HTML

  def own(conn, _), do: render(conn, "a.html", page: raw(File.read!("priv/page.html"))) # fact "it comes from the configuration"

  def sent(conn, %{"f" => %Plug.Upload{path: path}}), do: text(conn, raw(File.read!(path))) # want "the content of an upload"

  def passed(conn, %{"f" => f}), do: text(conn, shown(f.path))
  defp shown(path), do: raw(File.read!(path)) # want "the content of an upload"

  def joined(conn, %{"q" => q}), do: text(conn, raw(Plug.HTML.html_escape(q) <> Other.tail())) # note "the result of Other.tail"
end
