defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @huge 1024 * 1024 * 1024

  plug Plug.Parsers,
    parsers: [:urlencoded, {:multipart, length: :infinity}, :json], # want "A multipart body may be as long"
    pass: ["*/*"],
    length: 200_000_000, # want "A body may have 200 MB"
    json_decoder: Jason
end

defmodule ShopWeb.Upload do
  @huge 1024 * 1024 * 1024
  def read(conn), do: Plug.Conn.read_body(conn, length: :infinity) # want "as long as the sender likes"

  def long(conn) do
    read_body(conn, length: @huge) # want "A body may have 1073 MB"
  end

  def small(conn), do: read_body(conn, length: 1_000)
end
