defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @session_options [store: :cookie, key: "_shop_key", signing_salt: "kV3x9Qw2", encryption_salt: "p8Lz4RtM"]
  plug Plug.Session, @session_options
  plug Plug.Session, store: :cookie, key: "_b", signing_salt: {Shop.Config, :salt, []}
end

defmodule ShopWeb.Tokens do
  def confirm(user), do: Phoenix.Token.sign(ShopWeb.Endpoint, "confirm address", user.id)
  def api(user), do: Phoenix.Token.sign(ShopWeb.Endpoint, "api", user.id)
  def check(token), do: Phoenix.Token.verify(ShopWeb.Endpoint, "api", token)
end
