import Config

# No other file sets this again.
config :shop, Shop.Archive, hostname: "localhost", password: "postgres" # want "in every environment that does not set it again"

for {repo, name} <- [{Shop.Read, "read"}, {Shop.Jobs, "jobs"}] do
  config :shop, repo,
    parameters: [application_name: name],
    password: "postgres" # want "a word of 8 characters"
end

config :shop, Shop.Mail, password: "<%= password %>", password_reset_path: "/reset"
