defmodule Shop.Pay do
  @moduledoc "Takes money."
  @api_key "k7Qw2Zx9Lm4Rt6Vb8Nc3" # want "api_key holds a secret"

  def client, do: Client.new(auth: @api_key, client_secret: "Q8w7E6r5T4y3U2i1O0pA") # want "client_secret holds a secret"

  def headers(conn) do
    token = "9f86d081884c7d659a2feaa0c55ad015" # want "token holds a secret"
    %{"x-secret" => "Kx82mQzP47vLtR9wYb3N", "accept" => "application/json"} # want "x-secret holds a secret"
    put(conn, token)
  end

  defp signing_secret, do: "p0Lq8Rw6Tz4Xv2Nb1Mc3" # want "signing_secret holds a secret"
end
