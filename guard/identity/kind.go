package identity

import (
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

// crawlers ties the words in a User-Agent to the network list that proves them. From the operators' own pages.
var crawlers = []struct{ token, list string }{
	{"googlebot", "crawler/googlebot"},
	{"google-inspectiontool", "crawler/google-common-crawlers"},
	{"bingbot", "crawler/bingbot"},
	{"applebot", "crawler/applebot"},
	{"duckduckbot", "crawler/duckduckbot"},
	{"duckassistbot", "crawler/duckassistbot"},
	{"yandexbot", "crawler/yandex"},
	{"ahrefsbot", "crawler/ahrefsbot"},
	{"facebookexternalhit", "crawler/facebook"},
	{"twitterbot", "crawler/twitter"},
	{"telegrambot", "crawler/telegram"},
	{"gptbot", "crawler/openai"},
	{"oai-searchbot", "crawler/openai"},
	{"chatgpt-user", "crawler/openai"},
	{"perplexitybot", "crawler/perplexity"},
	{"ccbot", "crawler/commoncrawl"},
	{"uptimerobot", "monitor/uptimerobot"},
	{"pingdom", "monitor/pingdom"},
	{"statuscake", "monitor/statuscake"},
	{"better uptime bot", "monitor/betteruptime"},
	{"stripe/", "webhook/stripe-webhooks"},
}

// scripts are words of HTTP libraries and tools.
var scripts = []string{
	"curl/", "wget/", "python", "go-http-client", "okhttp", "libwww-perl", "axios", "node-fetch", "undici", "java/", "scrapy",
	"headlesschrome", "phantomjs", "apache-httpclient", "guzzlehttp", "ruby", "faraday", "aiohttp", "httpx", "libcurl", "postmanruntime",
	"insomnia", "restsharp", "dart:io", "elixir", "hackney", "mint/", "finch", "req/", "sqlmap", "nikto", "nuclei", "masscan", "zgrab", "gobuster",
}

// Agent is what a User-Agent says of itself.
type Agent struct {
	crawler string // the list that would prove it
	script  bool
	browser bool
}

// ReadAgent looks for known words. It takes microseconds; a guard remembers the answer.
func ReadAgent(name string) Agent {
	name = name[:min(len(name), 512)]
	a := Agent{script: name == "", browser: strings.HasPrefix(name, "Mozilla/")}
	for i := range crawlers {
		if containsFold(name, crawlers[i].token) {
			a.crawler = crawlers[i].list
			return a
		}
	}
	for _, s := range scripts {
		a.script = a.script || containsFold(name, s)
	}
	return a
}

// Kind says what asks, from what it says of itself and the network lists that cover its address.
func (a Agent) Kind(networks []string, attested bool) Kind {
	if attested {
		return AttestedApp
	}
	if a.crawler != "" {
		for _, n := range networks {
			if n == a.crawler || sameFamily(n, a.crawler) {
				return VerifiedBot
			}
		}
		return SpoofedBot
	}
	if a.browser && !a.script {
		return Browser
	}
	for _, n := range networks {
		if kind, _, _ := strings.Cut(n, "/"); kind == "cloud" || kind == "hosting" {
			return CloudScript
		}
	}
	if a.script {
		return Script
	}
	return Unknown
}

// sameFamily takes any of an operator's lists as proof: Googlebot asks from several.
func sameFamily(have, want string) bool {
	_, h, _ := strings.Cut(have, "/")
	kind, w, _ := strings.Cut(want, "/")
	return kind == "crawler" && strings.HasPrefix(have, "crawler/") && strings.HasPrefix(h, "google") && strings.HasPrefix(w, "google")
}

// containsFold looks for a lower-case word without allocating.
func containsFold(s, word string) bool {
	first := word[0]
	for i := 0; i+len(word) <= len(s); i++ {
		if lowerByte(s[i]) == first && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
