defmodule A do
  def one(x)
    x
  end # fault expected no end here, found "end"

  def two(y), do: y # kept A.two/1
end
