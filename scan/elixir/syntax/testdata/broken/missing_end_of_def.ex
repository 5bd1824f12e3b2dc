defmodule A do
  def one(x) do # kept A.one/1
    x

  def two(y) do # fault expected end of the do on line 2, found "def"
    y # kept A.two/1
  end
end
