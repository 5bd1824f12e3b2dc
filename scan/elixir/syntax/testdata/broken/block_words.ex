defmodule A do
  def one(x) do # kept A.one/1
    case x do
      1 -> 2
      3 ->> 4 # fault expected
      5 -> 6
    end
  else
    :ok
  end

  def two(y), do: y # kept A.two/1
end

else # fault expected an expression, found "else"

defmodule B do
  def three(y), do: y # kept B.three/1
end
