defmodule Shop.Node do
  def join(node) do
    Node.set_cookie(String.to_atom(System.fetch_env!("RELEASE_COOKIE")))
    Node.connect(node)
  end

  def page(conn), do: put_resp_cookie(conn, "theme", "dark")
end
