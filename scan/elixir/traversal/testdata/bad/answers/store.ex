defmodule Shop.Store do
  @callback get(binary, binary) :: binary

  def get(bucket, key), do: impl().get(bucket, key)
  defp impl, do: Application.get_env(:shop, :store, Shop.Store.Local)
end

defmodule Shop.Store.Local do
  @behaviour Shop.Store

  def get(bucket, key), do: File.read!(Path.join(bucket, key)) # want "parameters of the request"
end

defmodule Shop.Cache do
  @callback get(binary, binary) :: binary
end

defmodule Shop.Cache.Disk do
  @behaviour Shop.Cache

  # The name is the same, the behaviour another.
  def get(bucket, key), do: File.read!(bucket <> key) # note "which Shop.Cache asks for"
end

defprotocol Shop.Shelf do
  def load(shelf, name)
  def path(shelf)
end

defmodule Shop.Disk do
  defstruct [:dir]
end

defimpl Shop.Shelf, for: Shop.Disk do
  def load(disk, name), do: File.read!(Path.join(disk.dir, name)) # want "parameters of the request"
  def path(_), do: File.read!("priv/list")
end

defmodule ShopWeb.FileController do
  use Phoenix.Controller

  def show(conn, %{"key" => key}), do: text(conn, Shop.Store.get("pub", key))
  def shelf(conn, %{"name" => name}), do: text(conn, Shop.Shelf.load(%Shop.Disk{dir: "priv"}, name))
end
