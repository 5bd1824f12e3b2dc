# fault line 4: expected / to end it, found no more of it
defmodule A do
  def one(x) do # kept A.one/1
    Regex.match?(~r/abc, x)
  end

  def two(y), do: y # kept A.two/1
end
