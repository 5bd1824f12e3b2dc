defmodule A do
  def one(x), do: x # kept A.one/1

  def two(y) do # kept A.two/1
    y |>
  end # fault expected an expression, found "end"

  def three(y) do # kept A.three/1
    y.
  end

  def four(y) do # kept A.four/1
    [1, 2, %{a: y, ]
  end

  def five(y), do: y # kept A.five/1
end
