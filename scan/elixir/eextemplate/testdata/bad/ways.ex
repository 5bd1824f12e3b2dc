defmodule ShopWeb.MailController do
  use Phoenix.Controller

  def preview(conn, %{"body" => body}) do
    text(conn, EEx.eval_string(body, name: "you")) # want "An EEx template is made from parameters"
  end

  def file(conn, params) do
    text(conn, EEx.eval_file("templates/" <> params["name"])) # want "An EEx template is made from"
  end

  def compiled(conn, %{"mail" => %{"body" => body}}) do
    quoted = EEx.compile_string("Hello, " <> body) # want "An EEx template is made from"
    text(conn, inspect(quoted))
  end

end
