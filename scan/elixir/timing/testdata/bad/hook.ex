defmodule ShopWeb.Hook do
  import Plug.Conn

  def call(conn, _) do
    [signature] = get_req_header(conn, "x-signature")
    expected = sign(conn.assigns.body)
    if signature == expected, do: conn, else: halt(conn) # want "signature is compared by =="
  end

  def key(conn, params) do
    cond do
      params["api_key"] != System.get_env("API_KEY") -> halt(conn) # want "api_key is compared by !="
      true -> conn
    end
  end

  def code(user, otp), do: user.otp_code === otp # want "otp_code is compared by ==="
  defp sign(body), do: :crypto.mac(:hmac, :sha256, "k", body)
end
