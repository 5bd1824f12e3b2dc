import Config
config :shop, ShopWeb.Endpoint,
  url: [host: "localhost"],
  render_errors: [formats: [html: ShopWeb.ErrorHTML]],
  check_origin: false # want "ShopWeb.Endpoint may be opened by a page of any site"
