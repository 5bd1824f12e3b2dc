defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
  end

  pipeline :counted do
    plug ShopWeb.Attack
  end

  pipeline :guarded do
    plug Palisade.Plug, rules: "login"
  end

  scope "/", ShopWeb do
    pipe_through [:browser, :counted]
    post "/users/log_in", UserSessionController, :create
  end

  scope "/api", ShopWeb do
    pipe_through :guarded
    post "/login", UserSessionController, :create
  end

  scope "/", ShopWeb do
    pipe_through :browser
    post "/users/register", RegistrationController, :create
    post "/users/reset_password", ResetController, :create
    live "/users/sign_up", SignUpLive, :new
    delete "/users/log_out", UserSessionController, :delete
    post "/courses/:id/sessions", CourseSessionController, :create
    post "/auth/:provider/callback", UserSessionController, :callback
    live "/users/log_in", StillLive, :new
  end
end

defmodule ShopWeb.Attack do
  use PlugAttack
end

defmodule ShopWeb.UserSessionController do
  use Phoenix.Controller
  def create(conn, %{"user" => params}), do: Shop.log_in(conn, params["email"], params["password"])
end

defmodule ShopWeb.RegistrationController do
  use Phoenix.Controller
  plug :rate_limit when action in [:create]
  def create(conn, params), do: Shop.register(conn, params)
  defp rate_limit(conn, _), do: conn
end

defmodule ShopWeb.ResetController do
  use Phoenix.Controller
  def create(conn, params), do: Shop.Reset.ask(conn, params)
end

defmodule Shop.Reset do
  def ask(conn, params) do
    case count(conn.remote_ip) do
      {:allow, _} -> send_mail(params)
      {:deny, _} -> conn
    end
  end

  defp count(ip), do: Hammer.check_rate("reset:#{:inet.ntoa(ip)}", 60_000, 5)
  defp send_mail(params), do: Shop.Mail.reset(params)
end

defmodule ShopWeb.SignUpLive do
  use Phoenix.LiveView
  def handle_event("save", params, socket) do
    with :ok <- Shop.RateLimiter.hit(socket), do: {:noreply, Shop.register(socket, params)}
  end
end

defmodule ShopWeb.StillLive do
  use Phoenix.LiveView
  def mount(_, _, socket), do: {:ok, socket}
end

defmodule ShopWeb.CourseSessionController do
  use Phoenix.Controller
  def create(conn, params), do: Shop.Courses.add_lesson(conn, params)
end

defmodule ShopWeb.OuterRouter do
  use Phoenix.Router

  pipeline :outer do
    plug ShopWeb.Attack
  end

  scope "/" do
    pipe_through :outer
    forward "/account", ShopWeb.AccountRouter
  end
end

defmodule ShopWeb.AccountRouter do
  use Phoenix.Router
  post "/otp", ShopWeb.UserSessionController, :otp
end
