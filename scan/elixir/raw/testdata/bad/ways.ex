defmodule ShopWeb.PageHTML do
  use Phoenix.Component
  import Phoenix.HTML

  def show(assigns) do
    ~H"""
    <h1>{@title}</h1>
    <p>{raw(@body)}</p> <%!-- want "Text goes into a page unescaped from parameters" --%>
    <.card text={@body} />
    """
  end

  def card(assigns) do
    ~H"""
    <p><%= Phoenix.HTML.raw(@text) %></p> <%!-- want "Text goes into a page" --%>
    """
  end
end

defmodule ShopWeb.PageController do
  use Phoenix.Controller

  def show(conn, %{"body" => body, "title" => title}) do
    render(conn, :show, body: body, title: title)
  end

  def safe(conn, params) do
    conn |> put_flash(:info, {:safe, "Hello " <> params["name"]}) |> redirect(to: "/") # want "Text goes into a page"
  end
end

defmodule ShopWeb.SearchLive do
  use Phoenix.LiveView

  def mount(params, _session, socket) do
    {:ok, assign(socket, q: params["q"], n: 0)}
  end

  def render(assigns) do
    ~H"""
    <p>{@n}</p>
    <p>{raw(@q)}</p> <%!-- want "Text goes into a page" --%>
    """
  end
end

defmodule Shop.Review do
  use Ecto.Schema
  import Ecto.Changeset

  schema "reviews" do
    field :body, :string
    field :html, :string
    field :stars, :integer
  end

  def changeset(review, params), do: cast(review, params, [:body, :stars])
end

defmodule ShopWeb.ReviewController do
  use Phoenix.Controller

  def show(conn, %{"id" => id}) do
    review = Shop.Repo.get!(Shop.Review, id)
    body = raw(review.body) # want "the field body of Review, which a changeset takes from parameters"
    html = raw(review.html) # want "what is stored"
    stars = raw(review.stars)
    render(conn, "show.html", body: body, html: html, stars: stars)
  end
end
