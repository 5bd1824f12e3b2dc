defmodule A do
  def one(x) do # kept A.one/1
    x
  end
    end # fault expected no end here, found "end"

  def two(y), do: y # kept A.two/1
end
