defmodule ShopWeb.ThumbController do
  use Phoenix.Controller

  alias System, as: Sys

  def shell(conn, %{"file" => file}) do
    System.shell("convert #{file} out.png") # want "A command is run with parameters of the request"
    json(conn, %{})
  end

  def renamed(conn, %{"tool" => tool}) do
    Sys.cmd(tool, ["--version"]) # want "A command is run with parameters"
    json(conn, %{})
  end

  def list(conn, params) do
    System.cmd("sh", ["-c", "ls " <> params["dir"]]) # want "A command is run with parameters"
    json(conn, %{})
  end

  def erlang(conn, params) do
    :os.cmd(String.to_charlist("ping -c1 " <> params["host"])) # want "A command is run with"
    json(conn, %{})
  end

  def port(conn, %{"line" => line}) do
    Port.open({:spawn, line}, [:binary]) # want "A command is run with"
    json(conn, %{})
  end

  def option(conn, %{"file" => file}) do
    System.cmd("tar", ["-xf", file]) # want "A command is run with"
    json(conn, %{})
  end

  def job(dir), do: System.cmd(dir <> "/run", []) # fact "nothing in the project calls"

end
