defmodule Shop.Reach do
  # Nothing names these, so nothing calls them.
  def forgotten(word), do: String.to_atom(word) # fact "nothing in the project calls Shop.Reach.forgotten/1"

  def outer(word), do: String.to_atom(inner(word)) # fact "nothing in the project calls Shop.Reach.outer/1"
  defp inner(word), do: "x" <> word

  # These are named in some way, which says that something may call them.
  def captured(word), do: String.to_atom(word) # note "whose callers were not found"
  def listed(word), do: String.to_atom(word) # note "whose callers were not found"
  def written(word), do: String.to_atom(word) # note "whose callers were not found"
  def shown(word), do: String.to_atom(word) # note "who renders it was not found"
  def handed(word), do: String.to_atom(word) # note "whose callers were not found"

  def attach, do: :telemetry.attach("shop", [:shop], &captured/1, nil)
  def jobs, do: [{__MODULE__, :listed, []}]

  defmacro expand(word) do
    quote do
      Shop.Reach.written(unquote(word))
    end
  end

  def take(module, word), do: module.handed(word)
end

defmodule Shop.Counted do
  # The same name with another number of arguments is another function.
  def list(word), do: String.to_atom(word) # fact "nothing in the project calls Shop.Counted.list/1"
  def list, do: []
  def piped(word), do: String.to_atom(word) # note "whose callers were not found"
  def short(word, _more \\ []), do: String.to_atom(word) # note "whose callers were not found"

  def use(module), do: {Shop.Counted.list(), "word" |> module.piped(), module.short("word")}
end

defmodule Shop.Chosen do
  # A name that is made when it runs may be that of any function of this module.
  def made(word), do: String.to_atom(word) # note "whose callers were not found"
  def pick(name, word), do: apply(__MODULE__, name, [word])
end

defmodule Shop.Asked do
  use Unknown.Behaviour
  # Whoever is used may ask for it.
  def loaded(word), do: String.to_atom(word) # note "which Unknown.Behaviour asks for"
end
