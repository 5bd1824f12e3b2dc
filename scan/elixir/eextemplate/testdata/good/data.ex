defmodule ShopWeb.MailController do
  use Phoenix.Controller

  @greeting "Hello, <%= name %>"

  def preview(conn, %{"name" => name}) do
    text(conn, EEx.eval_string(@greeting, name: name))
  end

  def file(conn, _params) do
    path = Path.join(:code.priv_dir(:shop), "greeting.eex")
    text(conn, EEx.eval_file(path, name: "you"))
  end

end
