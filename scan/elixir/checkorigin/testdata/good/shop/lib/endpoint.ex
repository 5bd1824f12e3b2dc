defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  socket "/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session_options]], longpoll: false
  socket "/socket", ShopWeb.UserSocket, websocket: [check_origin: ["//shop.example", "//*.shop.example"]]
  socket "/conn", ShopWeb.UserSocket, websocket: [check_origin: :conn]
  plug ShopWeb.Router
end
