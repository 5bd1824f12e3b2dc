defmodule A d # fault expected the end of the line
  def one(x), do: x # kept .one/1
end
