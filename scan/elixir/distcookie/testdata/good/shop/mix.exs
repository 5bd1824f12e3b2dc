defmodule Shop.MixProject do
  def project, do: [app: :shop, releases: [shop: [cookie: System.get_env("COOKIE")]]]
  def other, do: [cookie: "of a browser"]
end
