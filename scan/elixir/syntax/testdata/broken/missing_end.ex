defmodule A do
  def one(x) do # kept A.one/1
    if x do
      1
  end # fault expected end of the do on line 3, found "end"

  def two(y) do # kept A.two/1
    y
  end
end
