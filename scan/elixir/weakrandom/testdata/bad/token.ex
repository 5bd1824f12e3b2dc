defmodule Shop.Token do
  def reset_token, do: for(_ <- 1..32, into: "", do: <<Enum.random(?a..?z)>>) # want "A token from Enum.random"

  def send(user) do
    otp = :rand.uniform(999_999) # want "A otp from :rand.uniform"
    delay = :rand.uniform(1_000)
    Shop.Mail.code(user, otp, delay)
  end

  def changes, do: %{api_key: Enum.take_random(?a..?z, 20), color: Enum.random([:red, :blue])} # want "A api key from Enum.take_random"

  def generate_verification_code do
    number = :rand.uniform(9_999) # want "A verification code from :rand.uniform"
    Integer.to_string(number)
  end
end
