defmodule ShopWeb.FormulaController do
  use Phoenix.Controller

  def run(conn, %{"formula" => formula}) do
    {result, _} = Code.eval_string("1 + " <> formula) # want "Code is evaluated from parameters of the request"
    json(conn, result)
  end

  def quoted(conn, params) do
    with {:ok, ast} <- Code.string_to_quoted(params["code"]) do
      evaluate(ast)
    end

    json(conn, %{})
  end

  defp evaluate(ast), do: Code.eval_quoted(ast, []) # want "Code is evaluated from parameters"

  def direct(conn, params) do
    params["code"] |> Code.string_to_quoted!() |> Code.eval_quoted() # want "Code is evaluated from"
    json(conn, %{})
  end

  def module(conn, %{"code" => code}) do
    Code.compile_string(code) # want "Code is evaluated from"
    json(conn, %{})
  end

end
