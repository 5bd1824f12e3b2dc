defmodule A do
  def one(x), do: x # kept A.one/1
<<<<<<< HEAD
  def two(y), do: y # kept A.two/1
=======
  def three(y), do: y # kept A.three/1
>>>>>>> branch
end
