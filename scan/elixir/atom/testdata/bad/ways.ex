defmodule ShopWeb.SortController do
  use Phoenix.Controller

  def index(conn, %{"sort" => sort}) do
    render(conn, :index, sort: String.to_atom(sort)) # want "Atoms are made from parameters"
  end

  def named(conn, params) do
    render(conn, :index, sort: :"sort_#{params["by"]}") # want "Atoms are made from"
  end

  def keys(conn, params) do
    atoms = Map.new(params, fn {key, value} -> {String.to_atom(key), value} end) # want "Atoms are made from"
    json(conn, atoms)
  end

  def body(conn, _params) do
    {:ok, body, conn} = Plug.Conn.read_body(conn)
    json(conn, Jason.decode!(body, keys: :atoms)) # want "Atoms are made from the body"
  end

  def erlang(conn, %{"x" => x}) do
    x |> :erlang.binary_to_atom(:utf8) |> inspect() # want "Atoms are made from"
    json(conn, %{})
  end

end

defmodule Shop.Words do
  def lost(word), do: String.to_atom(word) # fact "nothing in the project calls"
end
