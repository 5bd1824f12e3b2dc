defmodule ShopWeb.Hook do
  import Ecto.Query

  def call(signature, expected), do: Plug.Crypto.secure_compare(signature, expected)
  def none?(token, secret), do: is_nil(token) or secret == nil
  def empty?(api_key), do: api_key == ""
  def kind?(params), do: params["token_type"] == "Bearer"
  def find(token), do: from(u in User, where: u.api_token == ^token)
  def moved?(old, new), do: old.access_token == new.access_token
  def confirmed?(password, password_confirmation), do: password == password_confirmation
  def same?(user_id, other), do: user_id == other
end

defmodule Shop.Events do
  def transfer?(topic, transfer_signature), do: topic == transfer_signature
  def release?(local_otp, otp_release), do: local_otp == otp_release
end
