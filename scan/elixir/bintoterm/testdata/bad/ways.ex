defmodule ShopWeb.CartController do
  use Phoenix.Controller

  def show(conn, %{"cart" => cart}) do
    :erlang.binary_to_term(cart) # want "A term is read from parameters of the request"
    json(conn, %{})
  end

  def cookie(conn, _params) do
    conn = fetch_cookies(conn)
    cart = conn.cookies["cart"] |> Base.decode64!() |> :erlang.binary_to_term([:safe]) # want "cookies of the request"
    json(conn, cart)
  end

  def body(conn, _params) do
    {:ok, body, conn} = read_body(conn)
    json(conn, unpack(body))
  end

  defp unpack(bytes), do: :erlang.binary_to_term(bytes, [:safe]) # want "the body of the request"

end
