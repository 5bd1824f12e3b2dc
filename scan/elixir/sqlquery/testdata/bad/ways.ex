defmodule Shop.ReadRepo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end

defmodule ShopWeb.SearchController do
  use Phoenix.Controller
  alias Ecto.Adapters.SQL, as: Raw
  alias Shop.Repo

  def direct(conn, %{"q" => q}) do
    Repo.query("SELECT * FROM goods WHERE name = #{q}") # want "SQL is built from parameters of the request"
    json(conn, %{})
  end

  def assigned(conn, params) do
    q = params["q"]
    sql = "SELECT * FROM goods WHERE name = '" <> q <> "'"
    Raw.query!(Repo, sql, []) # want "SQL is built from parameters"
    json(conn, %{})
  end

  def other_repo(conn, _params) do
    name = conn.query_params["name"] |> String.trim()
    Shop.ReadRepo.query!("DELETE FROM goods WHERE name = '#{name}'") # want "SQL is built from"
    json(conn, %{})
  end

  def header(conn, _params) do
    [agent | _] = get_req_header(conn, "user-agent")
    Repo.query_many("INSERT INTO visits VALUES ('#{agent}')") # want "the header user-agent"
    json(conn, %{})
  end

  def through(conn, %{"filter" => %{"name" => name}}) do
    with {:ok, clean} <- normal(name) do
      find(clean, 10)
    end

    json(conn, %{})
  end

  defp normal(name), do: {:ok, String.downcase(name)}

  defp find(name, limit) do
    """
    SELECT * FROM goods
    WHERE name LIKE '%#{name}%' LIMIT #{limit}
    """
    |> Repo.query() # want "SQL is built from parameters"
  end

  def many(conn, %{"ids" => ids}) do
    list = Enum.map_join(ids, ",", fn id -> "'#{id}'" end)
    Postgrex.query(Shop.DB, "SELECT * FROM goods WHERE id IN (#{list})", []) # want "SQL is built from"
    json(conn, %{})
  end
end

defmodule ShopWeb.SearchLive do
  use Phoenix.LiveView

  def handle_event("search", %{"q" => q}, socket) do
    {:noreply, assign(socket, rows: Shop.Goods.search(q))}
  end
end

defmodule Shop.Goods do
  alias Shop.Repo

  def search(q), do: Repo.query!("SELECT * FROM goods WHERE name = '#{q}'") # want "parameters of the event"

  def lost(table), do: Repo.query!("SELECT count(*) FROM #{table}") # fact "nothing in the project calls"
end
