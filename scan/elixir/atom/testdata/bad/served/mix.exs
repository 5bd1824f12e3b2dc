defmodule Words.MixProject do
  use Mix.Project

  def project, do: [app: :words, version: "1.0.0", package: [licenses: ["MIT"]]]
end
