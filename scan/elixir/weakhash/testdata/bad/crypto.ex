defmodule Shop.Crypto do
  @iv "0123456789abcdef"
  def hash(password), do: :crypto.hash(:sha256, password) # want "A password by a fast hash"
  def old(user), do: :crypto.hash(:md5, user.password) # want "MD5 for a password"
  def reset_token(user), do: :crypto.hash(:sha, "#{user.id}#{user.email}") # want "SHA-1 for a token"
  def sign(text, secret), do: :crypto.hash(:md5, text <> secret) # want "MD5 for a secret"
  def mac(key, text), do: :crypto.mac(:hmac, :md5, key, text) # want "HMAC with MD5"
  def blocks(key, text), do: :crypto.crypto_one_time(:aes_128_ecb, key, <<>>, text, true) # want "ECB"
  def same(key, text), do: :crypto.crypto_one_time(:aes_256_cbc, key, @iv, text, true) # want "always the same"
  def zero(key, text), do: :crypto.crypto_one_time_aead(:aes_256_gcm, key, <<0::96>>, text, "", true) # want "always the same"
  def etag(body), do: :crypto.hash(:md5, body)
end
