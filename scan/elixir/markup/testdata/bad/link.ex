defmodule ShopWeb.LinkHTML do
  use Phoenix.Component

  def show(assigns) do
    ~H"""
    <p class={@class}>{@url}</p>
    <a href={@url}>there</a> <%!-- want "An address or a script" --%>
    """
  end
end

defmodule ShopWeb.LinkController do
  use Phoenix.Controller

  def show(conn, %{"url" => url, "class" => class}), do: render(conn, :show, url: url, class: class)
end
