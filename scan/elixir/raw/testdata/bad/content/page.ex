defmodule ShopWeb.PageController do
  use Phoenix.Controller
  import Phoenix.HTML

  def own(conn, _), do: render(conn, "a.html", page: raw(File.read!("priv/page.html"))) # fact "it comes from the configuration"

  def sent(conn, %{"f" => %Plug.Upload{path: path}}), do: text(conn, raw(File.read!(path))) # want "the content of an upload"

  def passed(conn, %{"f" => f}), do: text(conn, shown(f.path))
  defp shown(path), do: raw(File.read!(path)) # want "the content of an upload"

  def joined(conn, %{"q" => q}), do: text(conn, raw(Plug.HTML.html_escape(q) <> Other.tail())) # note "the result of Other.tail"

  # A pattern that clears one branch clears no other.
  def year(conn, %{"y" => y}), do: text(conn, marked(y))

  defp marked(md) do
    html = if String.match?(md, ~r/^\d{4}$/), do: "<p>#{md}</p>", else: Cmark.to_html(md)
    raw(html) # want "parameters of the request"
  end

  # Of a list of which one branch was not followed, not all is constant.
  def listed(conn, _), do: text(conn, raw(hd(words(conn.assigns.a)))) # note "not followed to its origin"
  defp words(nil), do: ["a"]
  defp words(a), do: Other.words(a)
end
