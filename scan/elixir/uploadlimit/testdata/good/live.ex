defmodule ShopWeb.UploadLive do
  use Phoenix.LiveView
  @types ~w(.jpg .png)

  def mount(_, _, socket) do
    {:ok,
     socket
     |> allow_upload(:avatar, accept: @types, max_entries: 1)
     |> allow_upload(:file, accept: ~w(.pdf), max_file_size: 20_000_000)}
  end
end
