defmodule A do
  def one(xs) do # kept A.one/1
    Enum.map(xs, fn x ->
      x + ) # fault expected an expression, found ")"
    end)
  end

  def two(xs) do # kept A.two/1
    Enum.map(xs, fn x ->
      x
    )
  end

  def three(y), do: y # kept A.three/1
end
