# fault line 4: expected " to end it, found no more of it
defmodule A do
  def one(x) do # kept A.one/1
    y = "abc
    x
  end

  def two(y), do: "def" <> y # kept A.two/1
end
