defmodule A do
  def one(x), do: x # kept A.one/1

  def two(conn) do # kept A.two/1
    y = 1
    foo(conn, 1
  end # fault expected , or ), found "end"

  def three(z) do # kept A.three/1
    System.cmd(z, [])
  end
end
