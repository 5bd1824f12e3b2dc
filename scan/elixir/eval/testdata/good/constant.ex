defmodule ShopWeb.FormulaController do
  use Phoenix.Controller

  @formula "1 + 1"

  def run(conn, _params) do
    {result, _} = Code.eval_string(@formula)
    json(conn, result)
  end

  def sum(conn, %{"n" => n}) do
    {result, _} = Code.eval_string("x + 1", x: n)
    json(conn, result)
  end

  def listed(conn, %{"name" => name}) when name in ["a", "b"] do
    Code.eval_file(name <> ".exs")
    json(conn, %{})
  end

end
