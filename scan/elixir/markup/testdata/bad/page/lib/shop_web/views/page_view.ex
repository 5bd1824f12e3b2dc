defmodule ShopWeb.PageView do
  use Phoenix.View, root: "lib/shop_web/templates"
end
