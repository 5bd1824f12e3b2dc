defmodule ShopWeb.ItemLive do
  use Phoenix.LiveView
  alias Shop.{Item, Repo}

  def handle_event("delete", %{"id" => id}, socket) do
    item = Repo.get_by!(Item, id: id, user_id: socket.assigns.current_user.id)
    Repo.delete!(item)
    {:noreply, socket}
  end

  def handle_event("mine", _params, socket) do
    Repo.delete!(Repo.get!(Item, socket.assigns.item_id))
    {:noreply, socket}
  end
end
