defmodule Shop.Crypto do
  def hash(password), do: Argon2.hash_pwd_salt(password)
  def avatar(user), do: :crypto.hash(:md5, String.downcase(user.email))
  def etag(body), do: :erlang.md5(body)
  def token(token), do: :crypto.hash(:sha256, token)
  def mac(key, text), do: :crypto.mac(:hmac, :sha256, key, text)
  def git(blob), do: :crypto.hash(:sha, blob)

  def encipher(key, text) do
    iv = :crypto.strong_rand_bytes(12)
    {iv, :crypto.crypto_one_time_aead(:aes_256_gcm, key, iv, text, "", true)}
  end

  def decipher(key, <<iv::binary-size(12), tag::binary-size(16), text::binary>>) do
    :crypto.crypto_one_time_aead(:aes_256_gcm, key, iv, text, "", tag, false)
  end

  def contract(token_id), do: :crypto.hash(:sha, token_id)
end
