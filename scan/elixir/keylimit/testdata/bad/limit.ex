defmodule ShopWeb.Limit do
  import Plug.Conn

  def login(conn, _) do
    [ip | _] = get_req_header(conn, "x-forwarded-for")
    bucket = "login:#{ip}"

    case Hammer.check_rate(bucket, 60_000, 5) do # want "counts by x-forwarded-for"
      {:allow, _} -> conn
      {:deny, _} -> halt(conn)
    end
  end

  def key(conn, _) do
    ExRated.check_rate(client(conn), 1_000, 10) # want "counts by x-api-key"
    conn
  end

  defp client(conn) do
    case get_req_header(conn, "x-api-key") do
      [key] -> key
      [] -> "nobody"
    end
  end
end

defmodule ShopWeb.Attack do
  use PlugAttack

  rule "by address", conn do
    throttle(conn.remote_ip, period: 60_000, limit: 5)
  end

  def counted(conn), do: throttle(List.first(Plug.Conn.get_req_header(conn, "x-real-ip")), period: 1, limit: 1) # want "counts by x-real-ip"
end
