defmodule Mix.Tasks.Shop do
  use Mix.Task

  def run(args) do
    {opts, _} = OptionParser.parse!(args, strict: [kind: :string])
    Shop.Kinds.load(opts[:kind])
    Shop.Kinds.both(opts[:kind])
  end
end
