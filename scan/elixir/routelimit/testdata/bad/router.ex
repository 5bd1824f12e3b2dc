defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :fetch_session
    plug :protect_from_forgery
  end

  scope "/", ShopWeb do
    pipe_through :browser
    get "/users/log_in", UserSessionController, :new
    post "/users/log_in", UserSessionController, :create # want "POST /users/log_in takes passwords"
    delete "/users/log_out", UserSessionController, :delete
    post "/users/register", UserRegistrationController, :create # want "makes accounts"
    put "/users/reset_password/:token", UserResetPasswordController, :update # want "PUT /users/reset_password/:token"
    post "/users/otp", CodeController, :check # want "takes a code"
    live "/users/sign_up", SignUpLive, :new # want "LiveView /users/sign_up makes accounts"
    post "/teams/:id/invitations", InvitationController, :create # want "sends mails"
    post "/orders", OrderController, :create
  end
end

defmodule ShopWeb.UserSessionController do
  use Phoenix.Controller
  def create(conn, %{"user" => params}), do: Shop.log_in(conn, params["email"], params["password"])
end

defmodule ShopWeb.UserRegistrationController do
  use Phoenix.Controller
  def create(conn, %{"user" => params}), do: Shop.register(conn, params)
end

defmodule ShopWeb.UserResetPasswordController do
  use Phoenix.Controller
  def update(conn, params), do: Shop.reset(conn, params)
end

defmodule ShopWeb.CodeController do
  use Phoenix.Controller
  def check(conn, %{"code" => code}), do: Shop.check(conn, code)
end

defmodule ShopWeb.InvitationController do
  use Phoenix.Controller
  def create(conn, params), do: Shop.invite(conn, params)
end

defmodule ShopWeb.SignUpLive do
  use Phoenix.LiveView
  def mount(_, _, socket), do: {:ok, socket}
  def handle_event("save", params, socket), do: {:noreply, Shop.register(socket, params)}
end

defmodule ShopWeb.OrderController do
  use Phoenix.Controller
  def create(conn, params), do: Shop.order(conn, params)
end
