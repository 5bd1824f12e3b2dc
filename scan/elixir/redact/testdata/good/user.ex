defmodule Shop.User do
  use Ecto.Schema

  schema "users" do
    field :email, :string
    field :password, :string, virtual: true, redact: true
    field :hashed_password, :string, redact: true
    field :password_changed_at, :utc_datetime
    field :token_type, :string
    field :reset_token, :integer
  end
end

defmodule Shop.Key do
  use Ecto.Schema
  @derive {Inspect, except: [:secret]}
  schema "keys" do
    field :secret, :string
  end
end

defmodule Shop.UserToken do
  use Ecto.Schema

  schema "user_tokens" do
    field :token, :binary # note "token is written out"
    field :hashed_token, :string
    field :context, :string
  end
end
