defmodule ShopWeb.Limit do
  import Plug.Conn

  def login(conn, _) do
    agent = get_req_header(conn, "user-agent")
    ip = conn.remote_ip |> :inet.ntoa() |> to_string()
    log(agent)

    case Hammer.check_rate("login:#{ip}", 60_000, 5) do
      {:allow, _} -> conn
      {:deny, _} -> halt(conn)
    end
  end

  def key(conn, _) do
    account = conn.assigns.account
    ExRated.check_rate("key:#{account.id}", 1_000, 10)
    conn
  end

  defp log(agent), do: agent
end
