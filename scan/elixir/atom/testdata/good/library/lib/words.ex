defmodule Words do
  def key(word), do: String.to_atom(word) # fact "what the caller of this library gives to Words.key/1"

  # What the library itself gives is constant; that does not bind those who use it.
  def plain(word), do: String.to_atom("w_" <> word) # fact "what the caller of this library gives to Words.plain/1"
  def one, do: plain("one")

  def handle_info(word, state), do: {:noreply, Map.put(state, String.to_atom(word), 1)} # fact "what the caller of this library"
end

defmodule Words.Server do
  use GenServer

  # A message is not of the library's caller alone: any process may send it.
  def handle_info({:word, word}, state), do: {:noreply, Map.put(state, String.to_atom(word), 1)} # note "that was not seen to be sent"
end
