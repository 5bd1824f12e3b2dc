defmodule Shop.Export do
  use GenServer

  @dir "/var/lib/shop"

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def add(name), do: GenServer.cast(__MODULE__, {:add, name})
  def clean, do: GenServer.cast(__MODULE__, :clean)
  def read, do: GenServer.call(__MODULE__, :read)

  def init(_), do: {:ok, %{dir: @dir, last: nil}}

  def handle_cast({:add, name}, state), do: {:noreply, %{state | last: name}}

  def handle_cast(:clean, state) do
    File.rm_rf(state.dir) # fact "it is constant"
    {:noreply, state}
  end

  def handle_call(:read, _from, state) do
    {:reply, File.read(state.last), state} # want "parameters of the request"
  end

  # Whoever sends this is not of the project.
  def handle_info({:path, path}, state) do
    File.rm(path) # note "not seen to be sent"
    {:noreply, state}
  end
end

# The same words to another server, with a name that is written in the code.
defmodule Shop.Import do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def add, do: GenServer.cast(__MODULE__, {:add, "list"})
  def init(_), do: {:ok, nil}

  def handle_cast({:add, name}, state) do
    File.rm("/var/lib/" <> name) # fact "it is constant"
    {:noreply, state}
  end
end

# A state of which not all is known is no fact.
defmodule Shop.Scratch do
  use GenServer

  def start_link(dir), do: GenServer.start_link(__MODULE__, dir)
  def init(dir), do: {:ok, %{dir: dir}}
  def move(pid), do: GenServer.cast(pid, :move)

  def handle_cast(:move, state) do
    File.rm_rf(state.dir) # note "the state of Shop.Scratch"
    {:noreply, %{state | dir: "/tmp/scratch"}}
  end
end

# Two clauses of one function: a constant says which.
defmodule Shop.Jobs do
  def run(:clean, dir), do: File.rm_rf(dir) # fact "it is constant"
  def run(:list, dir), do: File.ls(dir) # want "parameters of the request"
end

# One branch is known and the other is not: nothing is known of what comes of both.
defmodule Shop.Either do
  def clean(conn) do
    {:ok, dir} = pick(conn.assigns.kind)
    File.rm_rf(dir) # note "the result of Other.thing"
  end

  defp pick(nil), do: {:ok, "/tmp/shop"}
  defp pick(kind), do: Other.thing(kind)
end

defmodule Shop.Notes do
  def note(path), do: Process.put(:path, path)
  def plain, do: Process.put(:plain, "priv/a")

  def read, do: File.read(Process.get(:path)) # want "parameters of the request"
  def read_plain, do: File.read(Process.get(:plain)) # fact "it is constant"
  def read_other, do: File.read(Process.get(:other)) # note "what is kept under"
end

defmodule ShopWeb.ExportController do
  use Phoenix.Controller

  def create(conn, %{"name" => name}) do
    Shop.Export.add(name)
    Shop.Notes.note(name)
    Shop.Jobs.run(:clean, "/tmp/shop")
    json(conn, Shop.Jobs.run(:list, name))
  end
end
