defmodule A do
  @a 1 +* 2 # fault expected an expression, found "*"
  @b $ # fault expected an expression
  def one(x), do: x + # kept A.one/1

  def two(y), do: y
  def three(x), do: x # kept A.three/1
end
