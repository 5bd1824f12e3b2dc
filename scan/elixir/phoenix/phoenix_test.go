package phoenix

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/tree"
)

func load(t *testing.T, files map[string]string) *project.Project {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, part, err := project.Read(context.Background(), tr)
	if err != nil || len(part.Gaps) > 0 {
		t.Fatal(err, part.Gaps)
	}
	return p
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"reset_password": "reset password", "/users/log-in": "users log in", "UserSessionController": "user session controller", "API.v2": "api v2", "": "", "é_x": "é x",
	} {
		if got := strings.Join(Words(name), " "); got != want {
			t.Errorf("the words of %q are %q, want %q", name, got, want)
		}
	}
}

// TestApplies reads for which actions a controller's plug runs.
func TestApplies(t *testing.T) {
	cases := []struct {
		plug, action string
		want         bool
	}{
		{"plug :load", "show", true},
		{"plug :load when action in [:show]", "show", true},
		{"plug :load when action in [:show]", "edit", false},
		{"plug :load when action in ~w(show edit)a", "edit", true},
		{"plug :load when action in ~w(show)a", "edit", false},
		{"plug :load when action not in [:show]", "show", false},
		{"plug :load when action not in [:show]", "edit", true},
		{"plug :load when action == :show", "show", true},
		{"plug :load when action == :show", "edit", false},
		{"plug :load when action != :show", "show", false},
		{"plug :load, [key: 1] when action in [:show]", "edit", false},
		{"plug :load when action in @some", "edit", true},
		{"plug :load when guarded(action)", "edit", true},
	}
	for _, c := range cases {
		p := load(t, map[string]string{"a.ex": "defmodule A do\n  use Phoenix.Controller\n  " + c.plug + "\nend"})
		if plugs := p.Modules["A"].Plugs(); len(plugs) != 1 || Applies(plugs[0], c.action) != c.want {
			t.Errorf("%s runs for %s: not %v (%d plugs)", c.plug, c.action, c.want, len(plugs))
		}
	}
	if len(cases) != 13 {
		t.Errorf("%d cases", len(cases))
	}
}

// TestGuards tells for each route of one router what turns strangers away and what counts.
func TestGuards(t *testing.T) {
	p := load(t, map[string]string{"router.ex": `defmodule W.Router do
  use Phoenix.Router
  import W.Auth
  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :current_user
  end
  pipeline :basic do
    plug Plug.BasicAuth, username: "a", password: "b"
  end
  pipeline :far do
    plug W.Deep
  end
  pipeline :counted do
    plug :count
  end
  scope "/", W do
    pipe_through :browser
    get "/open", PageController, :open
    get "/guarded", PageController, :guarded
    get "/inside", PageController, :inside
    live "/live", PageLive, :index
    live_session :in, on_mount: {W.Auth, :user} do
      live "/mounted", PageLive, :index
    end
    live_session :any, on_mount: {W.Auth, :anybody} do
      live "/anybody", PageLive, :index
    end
  end
  scope "/", W do
    pipe_through [:browser, :require_user]
    get "/piped", PageController, :open
  end
  scope "/basic", W do
    pipe_through :basic
    get "/", PageController, :open
  end
  scope "/deep", W do
    pipe_through :far
    get "/", PageController, :open
  end
  scope "/counted", W do
    pipe_through :counted
    get "/", PageController, :open
  end
  scope "/unknown", W do
    pipe_through Some.Library
    get "/", PageController, :open
  end
  scope "/named", W do
    pipe_through Some.RequireLogin
    get "/", PageController, :open
  end
  forward "/sub", W.SubRouter
  defp count(conn, _), do: if(Hammer.check_rate("a", 1, 1) == :ok, do: conn, else: halt(conn))
end
defmodule W.SubRouter do
  use Phoenix.Router
  get "/below", W.PageController, :open
end
defmodule W.Auth do
  def current_user(conn, _), do: assign(conn, :user, get_session(conn, :user))
  def require_user(conn, _), do: if(conn.assigns.user, do: conn, else: halt(conn))
  def on_mount(:user, _, _, socket), do: {:halt, socket}
  def on_mount(:anybody, _, _, socket), do: {:cont, socket}
end
defmodule W.Deep do
  def init(o), do: o
  def call(conn, _), do: one(conn)
  defp one(conn), do: two(conn)
  defp two(conn), do: conn |> send_resp(401, "") |> halt()
end
defmodule W.PageController do
  use Phoenix.Controller
  import W.Auth
  plug :require_user when action in [:guarded]
  def open(conn, _), do: render(conn, :open)
  def guarded(conn, _), do: render(conn, :open)
  def inside(conn, _), do: with(:ok <- authorize(conn), do: render(conn, :open))
end
defmodule W.PageLive do
  use Phoenix.LiveView
  def mount(_, _, socket), do: {:ok, socket}
end`})
	want := map[string]string{
		"/open": "", "/guarded": ":require_user", "/inside": "the action itself", "/live": "", "/mounted": "on_mount of live_session :in", "/anybody": "", "/piped": ":require_user",
		"/basic": "Plug.BasicAuth", "/deep": "W.Deep", "/counted": "", "/unknown": "open", "/named": "Some.RequireLogin", "/sub": "open", "/sub/below": "",
	}
	seen := 0
	for _, r := range p.Routers {
		for _, route := range r.Routes {
			path := Path(p, route)
			g := Guarded(p, route)
			got := g.Plug
			if got == "" && g.Open {
				got = "open"
			}
			if path == "/sub" {
				continue // leads to a router, whose own routes are asked
			}
			if w, ok := want[path]; !ok || got != w {
				t.Errorf("%s is guarded by %q, want %q", path, got, w)
			}
			if limited := Limited(p, route) != ""; limited != (path == "/counted") {
				t.Errorf("%s is limited: %v", path, limited)
			}
			seen++
		}
	}
	if seen != 13 {
		t.Errorf("%d routes", seen)
	}
}

func TestLimiterNames(t *testing.T) {
	for name, want := range map[string]bool{
		"rate_limit": true, "RateLimiter": true, "check_rate": true, "hit_rate": true, "throttle": true, "verify_recaptcha": true, "rate": false, "rating": false, "exchange_rate": false,
		"limit": false, "generate": false, "iterate_limits": false,
	} {
		if limiterName(name) != want {
			t.Errorf("%s is a limiter: not %v", name, want)
		}
	}
}

func TestTransports(t *testing.T) {
	p := load(t, map[string]string{
		"lib/e.ex":          "defmodule W.Endpoint do\n  use Phoenix.Endpoint, otp_app: :w\nend",
		"config/config.exs": "import Config\nconfig :w, W.Endpoint, url: [host: \"a\"]",
		"config/prod.exs":   "import Config\nconfig :w, W.Endpoint, [url: [scheme: System.get_env(\"S\", \"https\")]] ++ [force_ssl: [hsts: true]]",
		"config/dev.exs":    "import Config\nconfig :w, W.Endpoint, https: [port: 1]",
	})
	found := Transports(p)
	if len(found) != 1 || found[0].Force == nil || found[0].HTTPS != nil || !found[0].Proxy || found[0].Config.File.Path != "config/prod.exs" {
		t.Errorf("%+v", found)
	}
}

// TestEdits holds the places at which text is put in.
func TestEdits(t *testing.T) {
	p := load(t, map[string]string{"a.ex": "defmodule A do\n  plug :one # why\n  plug :two\nend"})
	m := p.Modules["A"]
	n := m.Calls[0].Node
	if e := Below(m.File, n, "plug :new"); e.Start != strings.Index(string(m.File.Src), "\n  plug :two") || e.New != "\n  plug :new" {
		t.Errorf("below: %+v", e)
	}
	if e := Behind(m.File, n, ", []"); e.Start != e.End || e.Start != strings.Index(string(m.File.Src), " # why") {
		t.Errorf("behind: %+v", e)
	}
	if e := Replace(m.File, n, "x"); string(m.File.Src[e.Start:e.End]) != "plug :one" {
		t.Errorf("in place: %+v", e)
	}
	if !slices.Contains(Words("one two"), "two") || !Holds(m.File, "zzz", "plug") || Holds(m.File, "zzz") {
		t.Error("words of a file")
	}
}
