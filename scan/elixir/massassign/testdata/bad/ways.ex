defmodule Shop.User do
  use Ecto.Schema
  import Ecto.Changeset

  schema "users" do
    field :name, :string
    field :role, :string
  end

  @fields [:name, :role]
  def changeset(user, params) do
    user |> cast(params, @fields) |> validate_required([:name]) # want "Rights or the owner of a record are taken from parameters"
  end
end

defmodule Shop.Order do
  use Ecto.Schema
  import Ecto.Changeset

  def changeset(order, params), do: cast(order, params, [:user_id, :total]) # want "taken from parameters of the event"
end

defmodule ShopWeb.UserController do
  use Phoenix.Controller

  def create(conn, %{"user" => params}) do
    %Shop.User{} |> Shop.User.changeset(params) |> Shop.Repo.insert()
    json(conn, %{})
  end
end

defmodule Shop.Review do
  use Ecto.Schema
  import Ecto.Changeset

  def changeset(review, params), do: cast(review, params, [:user_id, :text]) # want "taken from parameters of the request"
end

defmodule ShopWeb.ReviewController do
  use Phoenix.Controller

  def create(conn, %{"review" => params}) do
    user = Shop.Repo.get_by(Shop.User, email: params["email"])
    params = params |> Map.put("user_id", user.id)
    Shop.Repo.insert(Shop.Review.changeset(%Shop.Review{}, params))
    json(conn, %{})
  end
end

defmodule ShopWeb.OrderLive do
  use Phoenix.LiveView

  def handle_event("save", %{"order" => params}, socket) do
    Shop.Repo.insert(Shop.Order.changeset(%Shop.Order{}, params))
    {:noreply, socket}
  end
end
