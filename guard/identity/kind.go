package identity

import (
	"bytes"
	"strings"
)

// Kind is what asks.
type Kind string

// The kinds. Browser only means that it says so and behaves so far.
const (
	Unknown     Kind = "unknown"
	Browser     Kind = "browser"
	VerifiedBot Kind = "verified-bot" // claims a crawler's name from that crawler's own addresses
	SpoofedBot  Kind = "spoofed-bot"  // claims it from elsewhere
	AttestedApp Kind = "attested"
	CloudScript Kind = "cloud-script" // no browser, and from a data centre
	Script      Kind = "script"
)

// crawlers ties the words in a User-Agent to the network list that proves them, by the list's name. The words are from
// the operators' own pages. A bot whose operator publishes no addresses is not here: its claim could only ever fail.
var crawlers = [...]struct{ word, list string }{
	{"googlebot", "crawler/googlebot"},
	{"google-inspectiontool", "crawler/googlebot"},
	{"googleother", "crawler/googlebot"},
	{"storebot-google", "crawler/googlebot"},
	{"bingbot", "crawler/bingbot"},
	{"bingpreview", "crawler/bingbot"},
	{"applebot", "crawler/applebot"},
	{"duckduckbot", "crawler/duckduckbot"},
	{"duckassistbot", "crawler/duckassist"},
	{"yandexbot", "crawler/yandex"},
	{"yandex.com/bots", "crawler/yandex"},
	{"ahrefsbot", "crawler/ahrefs"},
	{"ahrefssiteaudit", "crawler/ahrefs"},
	{"facebookexternalhit", "crawler/facebook"},
	{"facebookcatalog", "crawler/facebook"},
	{"facebookbot", "crawler/facebook"},
	{"facebot", "crawler/facebook"},
	{"meta-externalagent", "crawler/facebook"},
	{"meta-externalfetcher", "crawler/facebook"},
	{"twitterbot", "crawler/twitter"},
	{"telegrambot", "crawler/telegram"},
	{"gptbot", "crawler/openai"},
	{"oai-searchbot", "crawler/openai"},
	{"chatgpt-user", "crawler/openai"},
	{"perplexitybot", "crawler/perplexity"},
	{"perplexity-user", "crawler/perplexity"},
	{"ccbot", "crawler/commoncrawl"},
	{"uptimerobot", "monitor/uptimerobot"},
	{"pingdom", "monitor/pingdom"},
	{"statuscake", "monitor/statuscake"},
	{"better uptime bot", "monitor/betteruptime"},
	{"betteruptimebot", "monitor/betteruptime"},
	{"stripe/", "webhook/stripe"},
	{"github-hookshot", "webhook/github"},
}

// messages is what a phone says of itself when it fetches the preview of a link that its owner sends: two crawlers'
// names, and it is neither. To call it an impostor would punish people for a message.
const messages = "facebookexternalhit/1.1 facebot twitterbot/1.0"

// tools are words of libraries, tools and bots, wherever they stand in a User-Agent; libraries only count where it
// begins, since elsewhere they are parts of other words.
var (
	tools = [...]string{
		"python-requests", "python-urllib", "python-httpx", "aiohttp", "go-http-client", "okhttp", "libwww-perl", "libcurl",
		"axios", "node-fetch", "undici", "superagent", "apache-httpclient", "jakarta commons", "guzzlehttp", "scrapy", "colly",
		"restsharp", "postmanruntime", "insomnia", "powershell", "winhttp", "headless", "phantomjs", "selenium", "puppeteer",
		"playwright", "sqlmap", "nikto", "nuclei", "masscan", "zgrab", "gobuster", "dirbuster", "feroxbuster", "wpscan", "nmap",
		"wfuzz", "fuzz faster", "acunetix", "nessus", "openvas", "arachni", "jorgee", "zmeu", "l9explore", "l9tcpid",
		"://", "bot/", "bot;", "bot)", "crawl", "spider", "scrap", "lighthouse", // how bots introduce themselves
	}
	libraries = [...]string{
		"curl/", "wget/", "python", "ruby", "java/", "perl", "php", "node", "got/", "got (", "go-", "rust", "reqwest", "ureq",
		"dart/", "elixir", "hackney", "mint/", "finch", "req/", "tesla", "erlang", "http", "httpie", "faraday", "typhoeus",
		"lua-resty", "lwp", "fasthttp", "resty", "ktor", "urllib", "w3af", "deno/", "bun/",
	}
)

// maxAgent is how much of a User-Agent is read. The longest ones of browsers have some 300 bytes.
const maxAgent = 512

// Agent is what a User-Agent says of itself.
type Agent struct {
	claims  uint64 // by place in crawlers
	script  bool
	browser bool
}

// ReadAgent looks for known words. It takes a microsecond or two; a guard remembers the answer.
func ReadAgent(name string) Agent {
	var room [maxAgent]byte
	s := room[:copy(room[:], strings.TrimLeft(name, " \t'\""))]
	for i, c := range s {
		s[i] = lowerByte(c)
	}
	a := Agent{script: len(s) == 0, browser: bytes.HasPrefix(s, []byte("mozilla/"))}
	if bytes.Contains(s, []byte(messages)) {
		return Agent{script: true}
	}
	for i := range crawlers {
		if bytes.Contains(s, []byte(crawlers[i].word)) {
			a.claims |= 1 << i
		}
	}
	for i := 0; i < len(tools) && !a.script; i++ {
		a.script = bytes.Contains(s, []byte(tools[i]))
	}
	for i := 0; i < len(libraries) && !a.script; i++ {
		a.script = bytes.HasPrefix(s, []byte(libraries[i]))
	}
	// Of browsers only two of long ago called themselves compatible; what does today is a bot, whatever its name.
	if _, as, ok := bytes.Cut(s, []byte("compatible; ")); ok && !bytes.HasPrefix(as, []byte("msie ")) && !bytes.HasPrefix(as, []byte("konqueror/")) {
		a.script = true
	}
	return a
}

// Proofs are the network lists any of which would prove what the agent claims; none if it claims to be no crawler. A
// guard that has none of them cannot tell a crawler from an impostor, and should not ask.
func (a Agent) Proofs() []string {
	var lists []string
	for i := range crawlers {
		if a.claims&(1<<i) != 0 {
			lists = append(lists, crawlers[i].list)
		}
	}
	return lists
}

// Kind says what asks, from what it says of itself and the names of the network lists that cover its address. A crawler
// is proven by its own list only: Googlebot from the cloud that Google rents out is an impostor.
func (a Agent) Kind(networks []string, attested bool) Kind {
	switch {
	case attested:
		return AttestedApp
	case a.claims != 0:
		for i := range crawlers {
			if a.claims&(1<<i) == 0 {
				continue
			}
			for _, n := range networks {
				if n == crawlers[i].list {
					return VerifiedBot
				}
			}
		}
		return SpoofedBot
	case a.browser && !a.script:
		return Browser
	case rented(networks):
		return CloudScript
	case a.script:
		return Script
	}
	return Unknown
}

// rented reports whether the address is a machine in a data centre that anyone can rent. Relays, content networks, VPNs
// and Tor are in data centres too, with people behind them.
func rented(networks []string) bool {
	cloud := false
	for _, n := range networks {
		switch kind, _, _ := strings.Cut(n, "/"); kind {
		case "relay", "cdn", "vpn", "tor":
			return false
		case "cloud", "hosting":
			cloud = true
		}
	}
	return cloud
}
