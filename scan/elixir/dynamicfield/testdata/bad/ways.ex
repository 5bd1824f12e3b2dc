defmodule ShopWeb.UserController do
  use Phoenix.Controller

  import Ecto.Query

  def index(conn, %{"key" => key, "value" => value}) do
    query = from u in Shop.User, where: field(u, ^as_name(key)) == ^value # want "A column of a query is named by parameters"
    json(conn, Shop.Repo.all(query))
  end

  defp as_name(key), do: String.downcase(key)

end
