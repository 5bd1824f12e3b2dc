defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @live [check_origin: ["//*"]]
  socket "/live", Phoenix.LiveView.Socket, websocket: @live # want "of socket /live may be opened by pages of any site that matches //*"
  socket "/socket", ShopWeb.UserSocket, # want "The longpoll of socket /socket"
    websocket: [timeout: 45_000],
    longpoll: [check_origin: false]
  plug ShopWeb.Router
end
