defmodule Shop.Order do
  use Ecto.Schema
  import Ecto.Changeset

  def changeset(order, params), do: cast(order, params, [:user_id, :total])

  def total_changeset(order, params), do: cast(order, params, [:total])
end

defmodule ShopWeb.OrderController do
  use Phoenix.Controller

  def create(conn, %{"order" => params}) do
    params = Map.put(params, "user_id", conn.assigns.current_user.id)
    Shop.Repo.insert(Shop.Order.changeset(%Shop.Order{}, params))
    json(conn, %{})
  end

  def total(conn, %{"order" => params}) do
    Shop.Repo.insert(Shop.Order.total_changeset(%Shop.Order{}, params))
    json(conn, %{})
  end
end
