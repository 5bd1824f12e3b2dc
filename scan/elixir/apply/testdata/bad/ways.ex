defmodule ShopWeb.ExportController do
  use Phoenix.Controller

  def export(conn, %{"format" => format}) do
    module = Module.concat([Shop.Export, format])
    text(conn, module.run(conn)) # want "The module or function that is called comes from parameters"
  end

  def call(conn, %{"fun" => fun} = params) do
    apply(Shop.Reports, to_name(fun), [params]) # want "The module or function that is called"
    json(conn, %{})
  end

  defp to_name(text), do: String.to_existing_atom(text)

end
