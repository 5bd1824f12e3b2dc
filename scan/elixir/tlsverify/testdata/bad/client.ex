defmodule Shop.Client do
  @options [ssl: [verify: :verify_none, versions: [:"tlsv1.3"]]] # want "With verify_none"

  def get(url), do: HTTPoison.get(url, [], hackney: [:insecure, {:insecure, true}]) # want "hackney takes any certificate"
  def old(url), do: :httpc.request(:get, {url, []}, [ssl: [{:verify, :verify_none}]], []) # want "With verify_none"

  def own(host) do
    :ssl.connect(host, 443,
      verify: :verify_peer,
      verify_fun: {fn _, _, state -> {:valid, state} end, []} # want "takes every certificate"
    )
  end

  def options, do: @options
  def port, do: 443
  def host, do: "shop.example"
end

defmodule Shop.Chosen do
  def options(%{insecure: true}), do: [verify: :verify_none] # want "seems to have to ask for it"
  def options(_), do: []
end
