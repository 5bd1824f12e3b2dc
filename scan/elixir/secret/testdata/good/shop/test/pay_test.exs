defmodule Shop.PayTest do
  @api_key "k7Qw2Zx9Lm4Rt6Vb8Nc3"
  def key, do: @api_key
end
