defmodule ShopWeb.PageHTML do
  use Phoenix.Component
  @icons %{"cart" => "<svg></svg>", "user" => "<svg></svg>"}

  def show(assigns) do
    ~H"""
    <h1>{@title}</h1>
    <p>{raw(HtmlSanitizeEx.basic_html(@body))}</p>
    <p>{raw("<b>bold</b>")}</p>
    <i>{raw(icon(@icon))}</i>
    <span>{raw(Phoenix.HTML.html_escape(@body))}</span>
    """
  end

  def icon(name), do: Map.get(@icons, name)
end

defmodule ShopWeb.PageController do
  use Phoenix.Controller

  def show(conn, %{"body" => body, "title" => title, "icon" => icon}) do
    render(conn, :show, body: body, title: title, icon: icon)
  end
end

defmodule Shop.Diff do
  def raw(text), do: text

  def show(conn, %{"a" => a}), do: raw(a) <> conn.host
end
