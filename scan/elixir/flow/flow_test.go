package flow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/tree"
)

func sinks() []*flow.Sink {
	return []*flow.Sink{
		{Call: "Danger.sql", Guard: flow.SQL},
		{Call: "Phoenix.HTML.raw", Guard: flow.HTML},
		{Call: "File.read", Guard: flow.Path},
		{Call: flow.AtomOf},
		{Call: flow.Hole},
		{Call: flow.Dynamic, Needs: flow.Atom},
	}
}

func analyse(t testing.TB, files map[string]string) []*flow.Hit {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := project.Read(context.Background(), tr)
	if err != nil {
		t.Fatal(err)
	}
	hits, gaps, err := flow.Analyse(context.Background(), p, sinks())
	if err != nil || len(gaps) > 0 {
		t.Fatal(err, gaps)
	}
	return hits
}

// Each body is that of an action with conn and params, and what becomes of the only sink in it.
var bodies = []struct {
	body string
	want flow.Class
}{
	{`Danger.sql(params["q"])`, flow.Tainted},
	{`Danger.sql("constant")`, flow.Fixed},
	{`q = params["q"]; Danger.sql("a" <> q)`, flow.Tainted},
	{`%{"a" => %{"b" => b}} = params; Danger.sql(b)`, flow.Tainted},
	{`params |> Map.get("q", "x") |> String.trim() |> Danger.sql()`, flow.Tainted},
	{`case params do %{"q" => q} -> Danger.sql(q); _ -> nil end`, flow.Tainted},
	{`with {:ok, q} <- Map.fetch(params, "q"), do: Danger.sql(q)`, flow.Tainted},
	{`for {_, v} <- params, do: Danger.sql(v)`, flow.Tainted},
	{`Enum.each(params["ids"], fn id -> Danger.sql(id) end)`, flow.Tainted},
	{`Enum.each(params["ids"], &Danger.sql/1)`, flow.Tainted},
	{`Enum.map(params["ids"], &Danger.sql("x" <> &1))`, flow.Tainted},
	{`f = fn x -> Danger.sql(x) end; f.(params["q"])`, flow.Tainted},
	{`sql = if params["a"], do: params["b"], else: "c"; Danger.sql(sql)`, flow.Tainted},
	{`Enum.reduce(params["ids"], "", fn id, acc -> acc <> id end) |> Danger.sql()`, flow.Tainted},
	{`m = %{q: params["q"], n: 1}; Danger.sql(m.q)`, flow.Tainted},
	{`m = %{q: params["q"], n: "1"}; Danger.sql(m.n)`, flow.Fixed},
	{`m = Map.put(params, "q", "x"); Danger.sql(m["q"])`, flow.Fixed},
	{`{a, _} = {"x", params["q"]}; Danger.sql(a)`, flow.Fixed},
	{`Danger.sql(Integer.to_string(String.to_integer(params["q"])))`, flow.Harmless},
	{`q = params["q"]; if q in ["a", "b"], do: Danger.sql(q)`, flow.Harmless},
	{`q = params["q"]; if q not in ["a", "b"], do: raise("no"); Danger.sql(q)`, flow.Harmless},
	{`q = params["q"]; cond do q == "a" -> Danger.sql(q); true -> nil end`, flow.Fixed},
	{`case params["q"] do "a" -> Danger.sql(params["q"]); _ -> nil end`, flow.Fixed},
	{`q = params["q"]; case q in ["a"] do true -> Danger.sql(q); false -> nil end`, flow.Harmless},
	{`q = params["q"]; if q =~ ~r/\A[a-z]+\z/, do: Danger.sql(q)`, flow.Harmless},
	{`q = params["q"]; if q =~ ~r/[a-z]+/, do: Danger.sql(q)`, flow.Tainted},
	{`q = params["q"]; if is_integer(q), do: Danger.sql(q)`, flow.Harmless},
	{`q = params["q"]; unless q in ["a"] do Danger.sql(q) end`, flow.Tainted},
	{`Danger.sql(Application.get_env(:shop, :table))`, flow.Operated},
	{`Danger.sql(Other.thing())`, flow.Open},
	{`Danger.sql(conn.host)`, flow.Tainted},
	{`Danger.sql(hd(get_req_header(conn, "x-id")))`, flow.Tainted},
	{`Danger.sql(conn.assigns.table)`, flow.Open},
	{`Danger.sql(helper(params["q"]))`, flow.Tainted},
	{`Danger.sql(helper("x"))`, flow.Harmless},
	{`sink(params["q"])`, flow.Tainted},
	{`sink("x")`, flow.Fixed},
	{`File.read(Path.basename(params["f"]))`, flow.Harmless},
	{`Phoenix.HTML.raw(Path.basename(params["f"]))`, flow.Tainted},
	{`File.read("a/" <> params["f"])`, flow.Tainted},
	{`:"a_#{params["f"]}"`, flow.Tainted},
	{`String.to_existing_atom(params["m"]).run()`, flow.Tainted},
	{`%Plug.Upload{path: p} = params["f"]; File.read(p)`, flow.Harmless},
	{`%Plug.Upload{filename: p} = params["f"]; File.read(p)`, flow.Tainted},
	{`File.read(params["f"].path)`, flow.Harmless},
	{`try do Danger.sql(params["q"]) rescue _ -> nil end`, flow.Tainted},
	{`apply(Danger, :sql, [params["q"]])`, flow.Tainted},
	{`~s(a #{params["q"]}) |> then(&Danger.sql/1)`, flow.Tainted},
	{`x = params["q"]; x = "y"; Danger.sql(x)`, flow.Fixed},
	{`x = "y"; if true do x = params["q"]; x end; Danger.sql(x)`, flow.Fixed},
}

func TestBodies(t *testing.T) {
	for _, b := range bodies {
		hits := analyse(t, map[string]string{"a.ex": "defmodule A do\n  use Phoenix.Controller\n  def show(conn, params) do\n    " + b.body + `
  end
  defp helper(x), do: String.upcase(x)
  defp sink(x), do: Danger.sql("a" <> x)
end`})
		hits = slices.DeleteFunc(hits, func(h *flow.Hit) bool { return (h.Node.Line == 7) != strings.HasPrefix(b.body, "sink") })
		if len(hits) != 1 || hits[0].Class != b.want {
			t.Errorf("%s: %s, want one of class %d", b.body, told(hits), b.want)
		}
		for _, h := range hits {
			if h.Class == flow.Tainted && (len(h.Steps) < 2 || h.Steps[0].Place.Start.Line == 0) {
				t.Errorf("%s: a way without steps: %+v", b.body, h.Steps)
			}
		}
	}
	if len(bodies) < 50 {
		t.Errorf("%d bodies", len(bodies))
	}
}

func told(hits []*flow.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s line %d class %d %s", h.Sink.Call, h.Node.Line, h.Class, h.Why))
	}
	return strings.Join(out, "; ")
}

// TestOnlyRoutes holds that an action is a source because a router leads to it, where there is a router.
func TestOnlyRoutes(t *testing.T) {
	files := map[string]string{
		"router.ex": "defmodule R do\n use Phoenix.Router\n scope \"/\" do\n  get \"/\", A, :show\n end\nend",
		"a.ex":      "defmodule A do\n use Phoenix.Controller\n def show(conn, p), do: Danger.sql(p[\"x\"])\n def other(conn, p), do: Danger.sql(p[\"x\"])\nend",
	}
	hits := analyse(t, files)
	if len(hits) != 2 || hits[0].Class != flow.Tainted || hits[1].Class != flow.Unreached {
		t.Error(told(hits))
	}
}

// TestSameAgain holds that the same tree gives the same answers in the same order.
func TestSameAgain(t *testing.T) {
	files := map[string]string{}
	for i := range 20 {
		files[fmt.Sprintf("m%d.ex", i)] = fmt.Sprintf("defmodule M%d do\n use Phoenix.Controller\n def show(conn, %%{\"a\" => a}), do: M%d.f(a)\n def f(x), do: Danger.sql(x)\n def g(x), do: Danger.sql(M%d.g(x))\nend", i, (i+7)%20, (i+3)%20)
	}
	first := ""
	for range 5 {
		var all []string
		for _, h := range analyse(t, files) {
			s := fmt.Sprintf("%s:%d %d %s", h.File.Path, h.Node.Line, h.Class, h.Why)
			for _, step := range h.Steps {
				s += " < " + step.Place.Where()
			}
			all = append(all, s)
		}
		got := strings.Join(all, "\n")
		if first == "" {
			first = got
		} else if got != first {
			t.Fatalf("once\n%s\nthen\n%s", first, got)
		}
	}
	if strings.Count(first, "\n") < 20 {
		t.Errorf("too little found:\n%s", first)
	}
}

var hostile = []string{
	"defmodule A do\n def f(x), do: " + strings.Repeat("fn -> ", 100) + "x" + strings.Repeat(" end", 100) + "\nend",
	"defmodule A do\n def f(x), do: " + strings.Repeat("Enum.map(x, fn x -> ", 60) + "x" + strings.Repeat(" end)", 60) + "\nend",
	"defmodule A do\n def f(x), do: g(g(g(x)))\n def g(x), do: f(f(x)) <> h(x)\n def h(x), do: f(g(h(x)))\nend",
	"defmodule A do\n @a @b\n @b @a\n def f(conn), do: raw(@a)\nend",
	"defmodule A do\n use A\n defmacro __using__(_), do: quote(do: (use A; unquote(f())))\n def f, do: quote(do: unquote(f()))\nend",
	"defmodule A do\n def f(x), do: " + strings.Repeat("if x, do: ", 300) + "x\nend",
	"defmodule A do\n def f(x) do\n" + strings.Repeat("  x = x <> x\n", 200) + "  Danger.sql(x)\n end\nend",
	"defmodule A do\n def f(x) do\n" + strings.Repeat("  x = %{a: x, b: x}\n", 200) + "  Danger.sql(x)\n end\nend",
	"defmodule A do\n def f(\"\" => x, %{\"\" => y}), do: Danger.sql(y[\"\"])\n def g(p), do: f(p, %{\"#1\" => p[\"#x\"], \"*\" => 1})\nend",
	"defmodule A do\n def f(assigns), do: ~H\"\"\"\n <.f x={@x} /><a href={raw(@y)}><%= for z <- @z do %>{z}<% end %></a>\n \"\"\"\nend",
}

// TestHostile holds that what is written to keep a reader busy does not.
func TestHostile(t *testing.T) {
	for _, src := range hostile {
		begun := time.Now()
		analyse(t, map[string]string{"a.ex": src})
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%.80q took %v", src, took)
		}
	}
}

func FuzzAnalyse(f *testing.F) {
	seeds := 0
	for _, src := range hostile {
		f.Add([]byte(src))
		seeds++
	}
	for _, b := range bodies {
		f.Add([]byte("defmodule A do\n use Phoenix.Controller\n def show(conn, params) do\n " + b.body + "\n end\nend"))
		seeds++
	}
	if seeds < 60 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4000 {
			return
		}
		begun := time.Now()
		defer func() {
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		}()
		analyse(t, map[string]string{"lib/a.ex": string(src), "lib/a.html.heex": string(src), "config/config.exs": string(src)})
	})
}
