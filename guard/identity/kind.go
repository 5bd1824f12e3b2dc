package identity

import (
	"net/http"
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

// KindOf says what asks, from what it says of itself and the network lists that cover its address.
func KindOf(agent string, h http.Header, networks []string, attested bool) Kind {
	if attested {
		return AttestedApp
	}
	agent = agent[:min(len(agent), 512)]
	for i := range crawlers {
		if !containsFold(agent, crawlers[i].token) {
			continue
		}
		for _, n := range networks {
			if n == crawlers[i].list || sameFamily(n, crawlers[i].list) {
				return VerifiedBot
			}
		}
		return SpoofedBot
	}
	script := agent == ""
	for _, s := range scripts {
		script = script || containsFold(agent, s)
	}
	if !script && strings.HasPrefix(agent, "Mozilla/") {
		return Browser
	}
	for _, n := range networks {
		if kind, _, _ := strings.Cut(n, "/"); kind == "cloud" || kind == "hosting" {
			return CloudScript
		}
	}
	if script {
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
