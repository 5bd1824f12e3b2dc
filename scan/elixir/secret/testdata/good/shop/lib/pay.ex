defmodule Shop.Pay do
  @token_salt "user reset password token"
  @api_key Application.compile_env(:shop, :api_key)
  @secret_fields ~w(password token)

  def client, do: Client.new(auth: System.fetch_env!("API_KEY"), token_type: "Bearer")
  def path(token), do: "/reset?token=#{token}"
  def label, do: [password: "must have 12 characters", token: "reset_password_instructions"]
  def public_key, do: "k7Qw2Zx9Lm4Rt6Vb8Nc3"
  def context(token), do: {token, @token_salt, @api_key, @secret_fields}
end
