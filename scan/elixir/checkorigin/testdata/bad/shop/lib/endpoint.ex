defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @live [check_origin: ["//*"]] # want "of socket /live may be opened by pages of any site that matches //*"
  socket "/live", Phoenix.LiveView.Socket, websocket: @live
  socket "/socket", ShopWeb.UserSocket,
    websocket: [timeout: 45_000],
    longpoll: [check_origin: false] # want "The longpoll of socket /socket"
  plug ShopWeb.Router
end
