# fault line 4: expected
defmodule A do
  def one(x) do # kept A.one/1
    "a #{x"
  end

  def two(y), do: y # kept A.two/1
end
