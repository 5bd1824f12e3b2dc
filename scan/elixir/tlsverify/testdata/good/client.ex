defmodule Shop.Client do
  def get(url), do: Req.get(url, connect_options: [transport_opts: [verify: :verify_peer, cacerts: :public_key.cacerts_get()]])

  def own(host) do
    :ssl.connect(host, 443,
      verify_fun:
        {fn
           _, {:bad_cert, _} = reason, _ -> {:fail, reason}
           _, :valid, state -> {:valid, state}
         end, []}
    )
  end

  def check(:verify_none), do: raise("not here")
  def insecure?(options), do: options[:insecure]
end
