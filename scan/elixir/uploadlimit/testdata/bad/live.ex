defmodule ShopWeb.UploadLive do
  use Phoenix.LiveView

  def mount(_, _, socket) do
    {:ok,
     socket
     |> allow_upload(:any, accept: :any) # want "Upload :any takes files of any kind"
     |> allow_upload(:film,
       accept: ~w(.mp4),
       max_file_size: 2 * 1_000_000_000 # want "Upload :film takes files of 2000 MB"
     )}
  end
end
