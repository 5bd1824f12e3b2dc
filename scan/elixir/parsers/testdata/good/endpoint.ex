defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop

  plug Plug.Parsers,
    parsers: [:urlencoded, {:multipart, length: 100_000_000}, :json],
    pass: ["*/*"],
    length: 8 * 1_000_000,
    json_decoder: Jason

  plug Plug.Parsers, parsers: [:json], json_decoder: Jason
end

defmodule ShopWeb.Upload do
  def read(conn), do: Plug.Conn.read_body(conn)
  def text(length: :infinity), do: :ok
  def timeout, do: GenServer.call(:x, :y, :infinity)
end
