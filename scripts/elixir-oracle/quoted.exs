# Reads paths, one a line, and answers for each with what Elixir makes of the file: "ok", the digest of the tree as
# syntax.Quoted prints it, the digest of its comments, the microseconds that parsing took; or "rejected" and the reason.
# With --text it prints the tree itself, for the golden files.
defmodule Oracle do
  def tree(n) when is_integer(n), do: Integer.to_string(n)
  def tree(n) when is_float(n), do: "f" <> (<<n::float-64>> |> Base.encode16(case: :lower))
  def tree(n) when is_atom(n), do: [?:, name(Atom.to_string(n))]
  def tree(n) when is_binary(n), do: text(n)
  def tree(n) when is_list(n), do: [?[, Enum.intersperse(Enum.map(n, &tree/1), " "), ?]]
  def tree({a, b}), do: [?{, tree(a), " ", tree(b), ?}]
  def tree({name, _, context}) when is_atom(name) and is_atom(context), do: [?$, name(Atom.to_string(name))]
  def tree({:__aliases__, _, [head | tail]}), do: ["(__aliases__ ", Enum.intersperse(Enum.map([head | tail], &tree/1), " "), ")"]
  def tree({name, _, args}) when is_atom(name), do: call(name(Atom.to_string(name)), args)
  def tree({callee, _, args}), do: call(tree(callee), args)

  defp call(callee, args), do: [?(, callee, Enum.map(args, &[" ", tree(&1)]), ?)]

  defp name(""), do: text("")

  defp name(s) do
    plain = for(<<c <- s>>, do: c) |> Enum.all?(&(&1 > ?\s and &1 < 0x80 and &1 not in [?", ?(, ?), ?[, ?], ?\\]))
    if plain, do: s, else: text(s)
  end

  defp text(s), do: [?", for(<<c <- s>>, do: byte(c)), ?"]

  defp byte(?\n), do: "\\n"
  defp byte(c) when c < ?\s or c >= 0x7F or c in [?", ?\\], do: ["\\x", Base.encode16(<<c>>, case: :lower)]
  defp byte(c), do: c

  def answer(path, text?) do
    with {:ok, source} <- File.read(path) do
      # A byte order mark is for editors; Elixir's own reader of files does not know it.
      source = String.replace_prefix(source, "\uFEFF", "")
      started = System.monotonic_time(:microsecond)
      result = parse(source)
      took = System.monotonic_time(:microsecond) - started

      case result do
        {:ok, quoted, comments} when text? ->
          ["ok\t", tree(quoted), "\t", Integer.to_string(length(comments)), "\t", Integer.to_string(took)]

        {:ok, quoted, comments} ->
          notes = Enum.map(comments, &["#{&1.line}:#{&1.column} ", &1.text, "\n"])
          ["ok\t", digest(tree(quoted)), "\t", digest(notes), "\t", Integer.to_string(took)]

        {:error, reason} ->
          ["rejected\t", reason |> inspect() |> String.replace(~r/\s+/, " ")]
      end
    else
      {:error, reason} -> ["rejected\t", inspect(reason)]
    end
  end

  defp parse(source) do
    with {:ok, quoted, comments} <- Code.string_to_quoted_with_comments(source, emit_warnings: false, columns: false) do
      {:ok, quoted, comments}
    else
      {:error, reason} -> {:error, reason}
    end
  rescue
    e -> {:error, e}
  end

  defp digest(iodata), do: :crypto.hash(:md5, iodata) |> Base.encode16(case: :lower)

  def run(text?) do
    case IO.gets("") do
      path when is_binary(path) ->
        :file.write(:standard_io, [answer(String.trim_trailing(path, "\n"), text?), "\n"])
        run(text?)

      _ ->
        :ok
    end
  end
end

:ok = :io.setopts(:standard_io, encoding: :latin1)
Oracle.run("--text" in System.argv())
