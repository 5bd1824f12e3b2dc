defmodule ShopWeb.ExportController do
  use Phoenix.Controller

  @formats %{"csv" => Shop.Export.CSV, "json" => Shop.Export.JSON}

  def export(conn, %{"format" => format}) do
    module = Map.fetch!(@formats, format)
    text(conn, module.run())
  end

  def named(conn, %{"format" => format}) when format in ["csv", "json"] do
    text(conn, apply(Module.concat(Shop.Export, format), :run, []))
  end

  def constant(conn, _params) do
    text(conn, apply(Shop.Export, :run, [conn.params]))
  end

end
