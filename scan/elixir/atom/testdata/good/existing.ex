defmodule ShopWeb.SortController do
  use Phoenix.Controller

  @fields ~w(name price)a
  @kinds ["a", "b"]

  def index(conn, %{"sort" => sort}) do
    render(conn, :index, sort: String.to_existing_atom(sort))
  end

  def listed(conn, %{"sort" => sort}) do
    if sort in @kinds, do: String.to_atom(sort)
    json(conn, %{})
  end

  def fields(conn, _params) do
    names = Enum.map(@fields, fn field -> String.to_atom("by_#{field}") end)
    json(conn, names)
  end

  def strings(conn, %{"x" => x}) do
    json(conn, Jason.decode!(x, keys: :strings))
  end

  def config(conn, _params) do
    json(conn, String.to_atom(System.get_env("MODE")))
  end

  for name <- ["up", "down"] do
    def unquote(String.to_atom(name))(conn, _params), do: json(conn, %{})
  end

end
