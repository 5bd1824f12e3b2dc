defmodule Shop.MixProject do
  def project, do: [app: :shop, releases: releases()]

  defp releases do
    [
      shop: [
        include_executables_for: [:unix],
        cookie: "shop-cluster-cookie" # want "Whoever knows this cookie"
      ]
    ]
  end
end
