defmodule Shop.CLI do
  def main([name | _]), do: String.to_atom(name) # fact "it comes from the configuration"
end

defmodule Shop.Fields do
  # A macro is given code, and runs while that is compiled.
  defmacro field(name), do: define(name)
  def define(name), do: String.to_atom("field_" <> name) # fact "code that is being compiled"

  defmacro column(name) do
    name = known(name)
    quote do: unquote(name)
  end

  # What a request brings is no code.
  def known(name), do: String.to_atom(name) # want "parameters of the request"
end

defmodule ShopWeb.FieldController do
  use Phoenix.Controller

  def show(conn, %{"field" => field}), do: json(conn, Shop.Fields.known(field))
end
