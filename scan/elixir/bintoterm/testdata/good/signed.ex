defmodule ShopWeb.CartController do
  use Phoenix.Controller

  @empty <<131, 106>>

  def show(conn, %{"cart" => cart}) do
    Plug.Crypto.non_executable_binary_to_term(cart, [:safe])
    json(conn, %{})
  end

  def signed(conn, %{"cart" => cart}) do
    case Plug.Crypto.MessageVerifier.verify(cart, conn.secret_key_base) do
      {:ok, bytes} -> :erlang.binary_to_term(bytes)
      :error -> nil
    end

    :erlang.binary_to_term(@empty)
    json(conn, %{})
  end

  def stored(conn, _params) do
    bytes = :erlang.term_to_binary(%{a: 1})
    json(conn, :erlang.binary_to_term(bytes))
  end

end
