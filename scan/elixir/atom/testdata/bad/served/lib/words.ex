defmodule Words do
  # A package that serves pages itself is an application: this is no library's argument.
  def key(word), do: String.to_atom(word) # want "parameters of the request"
  def named(word), do: String.to_atom(word) # note "whose callers were not found"
  def list, do: [:named]
end

defmodule WordsWeb.Router do
  use Phoenix.Router

  get "/words/:word", WordsWeb.WordController, :show
end

defmodule WordsWeb.WordController do
  use Phoenix.Controller

  def show(conn, %{"word" => word}), do: json(conn, Words.key(word))
end
