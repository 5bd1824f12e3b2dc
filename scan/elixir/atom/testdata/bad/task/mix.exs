defmodule Shop.MixProject do
  use Mix.Project

  def project, do: [app: :shop, version: "1.0.0", escript: [main_module: Shop.CLI]]
end
