defmodule ShopWeb.ThumbController do
  use Phoenix.Controller

  def fixed(conn, _params) do
    System.cmd("git", ["rev-parse", "HEAD"])
    System.cmd(Application.get_env(:shop, :tool), ["-v"])
    json(conn, %{})
  end

  def dashes(conn, %{"file" => file}) do
    System.cmd("cat", ["--", file])
    System.cmd("convert", ["uploads/" <> file, "out.png"])
    json(conn, %{})
  end

  def number(conn, %{"n" => n}) do
    System.shell("head -n #{String.to_integer(n)} log.txt")
    json(conn, %{})
  end

  def listed(conn, %{"tool" => tool}) do
    case tool do
      "df" -> System.cmd(tool, [])
      "uptime" -> System.cmd(tool, [])
    end

    json(conn, %{})
  end

end
