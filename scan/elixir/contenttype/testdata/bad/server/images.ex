defmodule Shop.Images do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def put(key, image), do: GenServer.cast(__MODULE__, {:put, key, image})
  def get(key), do: GenServer.call(__MODULE__, {:get, key})

  def init(images), do: {:ok, images}

  def handle_cast({:put, key, image}, images), do: {:noreply, Map.put(images, key, image)}

  def handle_call({:get, key}, _from, images), do: {:reply, Map.get(images, key), images}
end

defmodule ShopWeb.ImageController do
  use Phoenix.Controller

  def create(conn, %{"image" => %Plug.Upload{filename: name, content_type: type, path: path}}) do
    Shop.Images.put(name, %{type: type, data: File.read!(path)})
    json(conn, %{})
  end

  def show(conn, %{"name" => name}) do
    image = Shop.Images.get(name)

    conn
    |> put_resp_content_type(image.type) # want "parameters of the request"
    |> send_resp(200, image.data)
  end
end
