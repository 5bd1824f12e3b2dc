defmodule ShopWeb.LinkHTML do
  use Phoenix.Component

  def show(assigns) do
    ~H"""
    <a href={"/goods/" <> @id}>there</a>
    <a href={"https://example.com/#{@id}"}>there</a>
    <.link navigate={@id}>there</.link>
    <img alt={@id} class={@id} />
    <a :if={String.starts_with?(@id, "https://")} title={@id}>x</a>
    <script>var x = 1;</script>
    """
  end
end

defmodule ShopWeb.LinkController do
  use Phoenix.Controller

  def show(conn, %{"id" => id}), do: render(conn, :show, id: id)
end
