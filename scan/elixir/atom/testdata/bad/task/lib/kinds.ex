defmodule Shop.Kinds do
  def load(kind), do: String.to_atom("kind_" <> kind) # fact "it comes from the configuration"

  # The task is not all that calls it.
  def both(kind), do: String.to_atom(kind) # want "parameters of the request"
end

defmodule ShopWeb.KindController do
  use Phoenix.Controller

  def show(conn, %{"kind" => kind}), do: json(conn, Shop.Kinds.both(kind))
end
