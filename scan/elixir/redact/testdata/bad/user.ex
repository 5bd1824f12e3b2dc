defmodule Shop.User do
  use Ecto.Schema

  schema "users" do
    field :email, :string
    field :password, :string, virtual: true # want "password is written out"
    field :hashed_password, :string # want "hashed_password is written out"
    field :api_token # want "api_token is written out"
    field :totp_secret, Shop.Encrypted.Binary, redact: false # want "totp_secret is written out"
    field :token_count, :integer
    belongs_to :token, Shop.Token
    timestamps()
  end
end
