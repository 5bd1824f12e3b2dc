defmodule Shop.Node do
  def join(node) do
    Node.set_cookie(:shop_cluster) # want "Whoever knows this cookie"
    Node.connect(node)
  end

  def cookie, do: Node.get_cookie()
end
