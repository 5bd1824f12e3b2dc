defmodule Shop.Token do
  def reset_token, do: :crypto.strong_rand_bytes(32) |> Base.url_encode64(padding: false)

  def refresh_token(client) do
    jitter = :rand.uniform(1_000)
    Process.sleep(jitter)
    Client.refresh(client)
  end

  def color, do: Enum.random([:red, :blue])
  def pick(servers), do: Enum.random(servers)
  def token_count, do: :rand.uniform(10)
  def status_code, do: Enum.random([200, 500])
  def monitor, do: System.unique_integer([:positive])
end
