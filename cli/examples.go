package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// examples end each command's help with a line that works.
var examples = map[string]string{
	"run": "palisade run --upstream http://127.0.0.1:4000", "serve": "palisade serve --console 127.0.0.1:9090",
	"gateway": "PALISADE_SITE_KEY=psk_… palisade gateway --back http://127.0.0.1:9090 --upstream http://127.0.0.1:4000",
	"site":    "palisade site list", "site list": "palisade site list", "site show": "palisade site show shop",
	"site add": "palisade site add shop --personal-data", "site delete": "palisade site delete shop --yes",
	"site key": "palisade site key list", "site key add": "palisade site key add shop --label 'second gateway'",
	"site key list": "palisade site key list shop", "site key revoke": "palisade site key revoke 01k8 --site shop",
	"site tie": "palisade site tie acme < key.txt", "site set": "palisade site set shop --proxies 10.0.0.0/8 --header X-Forwarded-For",
	"site forget": "palisade site forget gateway@old:8080",
	"appeal":      "palisade appeal list", "appeal list": "palisade appeal list", "appeal link": "palisade appeal link 203.0.113.7",
	"appeal answer": "palisade appeal answer 01k8 allowed --reason 'Sorry, and welcome back'",
	"rule":          "palisade rule list", "rule list": "palisade rule list --json",
	"rule add":    "palisade rule add busy --match 'GET /search' --limit '30 per 1m' --then throttle",
	"rule delete": "palisade rule delete busy", "rule test": "palisade rule test POST /users/log_in",
	"rule rehearse": "palisade rule rehearse busy --match 'GET /search' --limit '30 per 1m' --since 24h",
	"ban":           "palisade ban list", "ban add": "palisade ban add 203.0.113.7 --for 1h --note 'scraping'",
	"ban lift": "palisade ban lift 203.0.113.7", "ban list": "palisade ban list --limit 10",
	"allow": "palisade allow list", "allow add": "palisade allow add 203.0.113.0/24 --note 'our office'",
	"allow remove": "palisade allow remove 203.0.113.0/24", "allow list": "palisade allow list",
	"network": "palisade network list", "network list": "palisade network list", "network lookup": "palisade network lookup 3.5.140.2",
	"network refresh": "palisade network refresh cloud/aws", "network block": "palisade network block cloud,tor @signup",
	"network unblock": "palisade network unblock cloud-tor-on-signup", "network blocks": "palisade network blocks",
	"network write": "palisade network write office office.txt --title 'Our offices'", "network show": "palisade network show own/office",
	"network delete": "palisade network delete own/office",
	"trap":           "palisade trap list", "trap list": "palisade trap list", "trap lay": "palisade trap lay form", "trap show": "palisade trap show secret-files",
	"retention": "palisade retention", "retention show": "palisade retention show", "retention set": "palisade retention set 90", "retention default": "palisade retention default --yes",
	"trap mode": "palisade trap mode foreign-software off", "trap delete": "palisade trap delete foreign-software",
	"alert edit": "palisade alert edit 01k8 --severity high", "alert mute": "palisade alert mute 01k8 --for 2h", "alert secret": "palisade alert secret 01k8",
	"lever": "palisade lever list", "lever close": "palisade lever close 'POST /users/register' --for 15m",
	"lever set": "palisade lever set known @signup --for 1h", "lever open": "palisade lever open @signup", "lever list": "palisade lever list",
	"event": "palisade event tail", "event tail": "palisade event tail --refused",
	"event find": "palisade event find --outcome login.failed --since 1h", "event counts": "palisade event counts --since 24h",
	"client": "palisade client show 203.0.113.7", "client show": "palisade client show 203.0.113.7",
	"config": "palisade config check palisade.yml", "config check": "palisade config check palisade.yml",
	"config example": "palisade config example > palisade.yml",
	"doctor":         "palisade doctor", "backup": "palisade backup palisade-backup.db",
	"restore": "palisade restore palisade-backup.db --yes",
	"demo":    "palisade demo attack", "demo attack": "palisade demo attack --duration 5s", "demo api": "palisade demo api --listen 127.0.0.1:4010", "demo shop": "palisade demo shop --listen 127.0.0.1:4000",
	"console": "palisade console", "audit": "palisade audit list", "audit list": "palisade audit list --subject 'rule busy'",
	"alert": "palisade alert list", "alert list": "palisade alert list", "alert test": "palisade alert test 01k8", "alert delete": "palisade alert delete 01k8",
	"alert log": "palisade alert log --limit 10", "alert add": "palisade alert add slack team --url https://hooks.slack.com/services/T0/B0/x --severity high",
	"audit verify": "palisade audit verify",
	"people":       "palisade people list", "people list": "palisade people list", "people invite": "palisade people invite ann@example.com --as responder --on shop",
	"people role": "palisade people role ann@example.com viewer --on shop", "people recover": "palisade people recover ann@example.com",
	"people disable": "palisade people disable ann@example.com", "people enable": "palisade people enable ann@example.com",
	"people remove": "palisade people remove ann@example.com", "people signins": "palisade people signins ann@example.com", "people self": "palisade people self",
	"scan": "palisade scan code", "scan code": "palisade scan code --out report.html --fail-on high .", "scan checks": "palisade scan checks",
	"scan refresh": "palisade scan refresh", "scan exposure": "palisade scan exposure www.example.com --expect 80,443",
	"scan explain": "palisade scan explain deps/advisory", "scan import-sobelow": "palisade scan import-sobelow --print", "scan new-check": "palisade scan new-check elixir/oddthing", "scan publish": "palisade scan publish run.json --no-sarif",
	"rule show": "palisade rule show login-pair", "rule mode": "palisade rule mode busy rehearse", "rule move": "palisade rule move busy up",
	"rule history": "palisade rule history busy", "rule undo": "palisade rule undo busy 12", "rule templates": "palisade rule templates",
	"client challenge": "palisade client challenge 203.0.113.7",
	"client reveal":    "palisade client reveal '~203.0.113.7' --reason 'a report of abuse'",
	"scan api":         "palisade scan api http://127.0.0.1:4000 --identity alice=bearer:env:ALICE_TOKEN",
	"scan replay":      "palisade scan replay 3f9a --report run.json", "scan verify-fix": "palisade scan verify-fix 3f9a --report run.json",
	"mcp":     "palisade mcp --allow api.example.com --folder ~/src/shop",
	"monitor": "palisade monitor list", "monitor list": "palisade monitor list", "monitor add": "palisade monitor add https://api.example.com --every 6h",
	"monitor run": "palisade monitor run 01k8", "monitor pause": "palisade monitor pause 01k8", "monitor delete": "palisade monitor delete 01k8", "monitor proof": "palisade monitor proof --site shop",
	"detection": "palisade detection list", "detection list": "palisade detection list --all", "detection show": "palisade detection show 01k8",
	"detection answer": "palisade detection answer 01k8 harmless --reason 'a load test of our own'", "detection recipes": "palisade detection recipes",
	"finding": "palisade finding list", "finding list": "palisade finding list --severity high", "finding show": "palisade finding show 01k8",
	"finding accept": "palisade finding accept 01k8 --reason 'only staff can reach it' --for 90d", "finding reopen": "palisade finding reopen 01k8",
	"version": "palisade version",
}

// commandName is a command's words without the program's name and its arguments.
func commandName(n *kong.Node) string {
	var words []string
	for ; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		words = append([]string{n.Name}, words...)
	}
	return strings.Join(words, " ")
}

// printHelp is kong's help, with the example.
func printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
		return err
	}
	if n := ctx.Selected(); n != nil {
		_, err := fmt.Fprintf(ctx.Stdout, "\nExample:\n  %s\n", examples[commandName(n)])
		return err
	}
	return nil
}
