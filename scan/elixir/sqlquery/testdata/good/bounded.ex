defmodule ShopWeb.ReportController do
  use Phoenix.Controller
  alias Shop.Repo

  @columns ~w(name price)
  @table "goods"

  def bound(conn, %{"q" => q}) do
    Repo.query("SELECT * FROM goods WHERE name = $1", [q])
    json(conn, %{})
  end

  def constant(conn, _params) do
    Repo.query!("SELECT count(*) FROM " <> @table)
    json(conn, %{})
  end

  def number(conn, %{"page" => page}) do
    offset = String.to_integer(page) * 20
    Repo.query("SELECT * FROM goods LIMIT 20 OFFSET #{offset}")
    json(conn, %{})
  end

  def listed(conn, %{"sort" => sort}) do
    if sort in @columns do
      Repo.query("SELECT * FROM goods ORDER BY #{sort}")
    end

    json(conn, %{})
  end

  def chosen(conn, params) do
    column =
      case params["sort"] do
        "name" -> "name"
        "price" -> "price"
        _ -> "id"
      end

    Repo.query("SELECT * FROM goods ORDER BY #{column}")
    json(conn, %{})
  end

  def refused(conn, %{"sort" => sort}) do
    unless sort in @columns, do: raise("no such column")
    Repo.query("SELECT * FROM goods ORDER BY #{sort}")
    json(conn, %{})
  end

  def mapped(conn, params) do
    column = Map.get(%{"n" => "name", "p" => "price"}, params["sort"], "id")
    Repo.query("SELECT * FROM goods ORDER BY #{column}")
    sorted(params["dir"])
    json(conn, %{})
  end

  defp sorted(dir) when dir in ["asc", "desc"], do: Repo.query("SELECT * FROM goods ORDER BY id #{dir}")
  defp sorted(_), do: nil

  def query(text), do: text

  def own(conn, %{"q" => q}) do
    text(conn, query(q))
  end
end
