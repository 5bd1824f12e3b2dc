defmodule Shop.Pay do
  def url, do: System.get_env("PAY_URL", "https://pay.example")
  def currency, do: System.get_env("CURRENCY") || "EUR"
  def key, do: System.get_env("PAY_API_KEY", "sandbox") # want "Where PAY_API_KEY is not set"
  def plain, do: System.get_env("PAY_API_KEY")
end
