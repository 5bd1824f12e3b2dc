defmodule ShopWeb.ItemLive do
  use Phoenix.LiveView
  alias Shop.{Item, Repo}

  def handle_event("delete", %{"id" => id}, socket) do
    item = Repo.get!(Item, id)
    Repo.delete!(item) # note "A record is removed that was fetched by parameters of the event"
    {:noreply, socket}
  end

  def handle_event("remove", %{"id" => id}, socket) do
    id |> Shop.Items.get_item!() |> Shop.Items.delete_item()
    {:noreply, socket}
  end
end

defmodule Shop.Items do
  alias Shop.{Item, Repo}
  def get_item!(id), do: Repo.get!(Item, id)
  def delete_item(item), do: Repo.delete(item) # note "A record is removed"
end
