package project

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/tree"
)

func load(t *testing.T, files map[string]string) *Project {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, part, err := Read(context.Background(), tr)
	if err != nil || len(part.Gaps) > 0 {
		t.Fatal(err, part.Gaps)
	}
	return p
}

var shop = map[string]string{
	"apps/shop/mix.exs":     `defmodule Shop.MixProject do def project, do: [app: :shop] end`,
	"apps/shop_web/mix.exs": `defmodule ShopWeb.MixProject do def project, do: [app: :shop_web] end`,
	"apps/shop/lib/cart.ex": `defmodule Shop.Cart do
  alias Shop.{Item, Repo}
  alias Ecto.Adapters.SQL, as: Raw
  @table "carts"
  defmodule Line do
    def total(line, tax \\ 1), do: line.price * tax
  end
  def add(cart, item) when is_map(cart), do: Line.total(item)
  def add(nil, _), do: nil
  defp hidden, do: Raw.query(Repo, @table)
end`,
	"apps/shop_web/lib/shop_web.ex": `defmodule ShopWeb do
  def controller do
    quote do
      use Phoenix.Controller, namespace: ShopWeb
      alias ShopWeb.Router.Helpers, as: Routes
      unquote(helpers())
    end
  end
  defp helpers do
    quote do
      import ShopWeb.Gettext
      def shared(x), do: x
    end
  end
  def router do
    quote do: (use Phoenix.Router)
  end
  defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
end`,
	"apps/shop_web/lib/cart_controller.ex": `defmodule ShopWeb.CartController do
  use ShopWeb, :controller
  plug :load when action in [:show]
  def show(conn, %{"id" => id}), do: Routes.cart_path(conn, id)
end`,
	"apps/shop_web/lib/router.ex": `defmodule ShopWeb.Router do
  use ShopWeb, :router
  pipeline :browser do
    plug :accepts, ["html"]
    plug ShopWeb.Auth, only: :admin
  end
  pipeline :admin do
    plug :browser
  end
  scope "/", ShopWeb do
    pipe_through [:browser]
    get "/", PageController, :index
    resources "/carts", CartController, only: [:show, :update] do
      resources "/lines", LineController, only: [:create]
    end
    scope "/admin", Admin, as: :admin do
      pipe_through :admin
      live_session :admin, on_mount: ShopWeb.Auth do
        live "/users", UserLive, :index
      end
    end
  end
  if Application.compile_env(:shop_web, :dev_routes) do
    scope "/dev" do
      live_dashboard "/dashboard", metrics: ShopWeb.Telemetry
    end
  end
  forward "/api", Absinthe.Plug, schema: Shop.Schema
end`,
	"config/config.exs": `import Config
config :shop_web, ShopWeb.Endpoint, url: [host: "localhost"], check_origin: false
import_config "#{config_env()}.exs"`,
	"config/runtime.exs": `import Config
if config_env() == :prod do
  config :shop_web, ShopWeb.Endpoint, check_origin: ["//shop.example"]
end`,
	"config/test.exs": `import Config
config :shop, secret: "x"`,
}

func TestNamesAreResolved(t *testing.T) {
	p := load(t, shop)
	cart := p.Modules["Shop.Cart"]
	for name, want := range map[string]string{
		"Item": "Shop.Item", "Raw": "Ecto.Adapters.SQL", "Line": "Shop.Cart.Line", "Line.Deep": "Shop.Cart.Line.Deep", "__MODULE__.X": "Shop.Cart.X", "Other": "Other",
	} {
		if got := cart.Resolve(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if fn := p.Func("Shop.Cart", "add", 2); fn == nil || len(fn.Clauses) != 2 || fn.Private || fn.Clauses[0].Guard == nil {
		t.Errorf("add/2 is %+v", fn)
	}
	if one, two := p.Func("Shop.Cart.Line", "total", 1), p.Func("Shop.Cart.Line", "total", 2); one == nil || one != two {
		t.Error("a default makes a function of fewer arguments")
	}
	if a := p.Modules["Shop.Cart"].Attributes["table"]; len(a) != 1 || a[0].Name != "carts" {
		t.Errorf("@table is %v", a)
	}
}

func TestUseIsRead(t *testing.T) {
	p := load(t, shop)
	c := p.Modules["ShopWeb.CartController"]
	if !c.Using("Phoenix.Controller") || !c.Imported("ShopWeb.Gettext") || c.Resolve("Routes") != "ShopWeb.Router.Helpers" {
		t.Errorf("uses %v, imports %v, Routes is %s", c.Uses, c.Imports, c.Resolve("Routes"))
	}
	if fn := c.Func("shared", 1); fn == nil || fn.File.Path != "apps/shop_web/lib/shop_web.ex" {
		t.Errorf("shared/1 is %+v", fn)
	}
	if plugs := c.Plugs(); len(plugs) != 1 || plugs[0].Name != "load" {
		t.Errorf("plugs %v", plugs)
	}
}

func TestRoutes(t *testing.T) {
	p := load(t, shop)
	if len(p.Routers) != 1 || len(p.Apps) != 2 || p.Apps[0].Name != "shop" {
		t.Fatalf("%d routers, apps %v", len(p.Routers), p.Apps)
	}
	var got []string
	for _, r := range p.Routers[0].Routes {
		s := fmt.Sprintf("%s %s %s.%s through %s", r.Kind, r.Path, r.Handler, r.Action, strings.Join(r.Through, " "))
		if r.Session != nil {
			s += " in " + r.Session.Name
		}
		if r.Dev {
			s += " dev"
		}
		got = append(got, s)
	}
	want := []string{
		"get / ShopWeb.PageController.index through browser",
		"get /carts/:id ShopWeb.CartController.show through browser",
		"patch /carts/:id ShopWeb.CartController.update through browser",
		"put /carts/:id ShopWeb.CartController.update through browser",
		"post /carts/:cart_id/lines ShopWeb.LineController.create through browser",
		"live /admin/users ShopWeb.Admin.UserLive.index through browser admin in admin",
		"live_dashboard /dev/dashboard . through  dev",
		"forward /api Absinthe.Plug. through ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	plugs := p.Routers[0].Routes[5].Plugs()
	if len(plugs) != 4 || !plugs[1].Is("Auth") || !plugs[0].Is("accepts") {
		t.Errorf("plugs of an admin route: %v", plugs)
	}
}

func TestConfig(t *testing.T) {
	p := load(t, shop)
	found := p.Config.Find("prod", "check_origin")
	if len(found) != 2 || found[0].Value.Name != "false" || found[1].Value.Kind != syntax.List || !found[1].Run || found[1].Env != "prod" {
		t.Errorf("check_origin in production: %+v", found)
	}
	if found = p.Config.Find("dev", "check_origin"); len(found) != 1 || found[0].Dotted() != "ShopWeb.Endpoint.check_origin" {
		t.Errorf("check_origin in development: %+v", found)
	}
	if found = p.Config.Find("prod", "secret"); len(found) != 0 {
		t.Errorf("the secret of tests holds in production: %+v", found)
	}
	if found = p.Config.Find("prod", "url", "host"); len(found) != 1 {
		t.Errorf("url.host: %+v", found)
	}
}

// TestOrder holds that the same tree gives the same modules in the same order, however many cores read it.
func TestOrder(t *testing.T) {
	var first []string
	for i := range 5 {
		var names []string
		for _, m := range load(t, shop).All() {
			names = append(names, m.Name)
		}
		if i == 0 {
			first = names
		} else if !slices.Equal(first, names) {
			t.Errorf("%v, then %v", first, names)
		}
	}
	if len(first) != 7 {
		t.Errorf("%d modules: %v", len(first), first)
	}
}
