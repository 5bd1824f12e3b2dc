defmodule ShopWeb.UserController do
  use Phoenix.Controller

  import Ecto.Query
  @searchable %{"name" => :name}

  def index(conn, %{"key" => key, "value" => value}) do
    query = from u in Shop.User, where: field(u, ^Map.fetch!(@searchable, key)) == ^value
    json(conn, Shop.Repo.all(query))
  end

  def plain(conn, %{"value" => value}) do
    json(conn, Shop.Repo.all(from(u in Shop.User, where: u.name == ^value)))
  end

end
