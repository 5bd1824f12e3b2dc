package identity

import (
	"slices"
	"strings"
	"testing"
)

const (
	chromeAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	gptAgent    = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
)

// claimCases: what a crawler says of itself, and the list that proves it.
var claimCases = []struct{ agent, list string }{
	{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler/googlebot"},
	{"Googlebot-Image/1.0", "crawler/googlebot"},
	{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler/googlebot"},
	{"Mozilla/5.0 (compatible; Google-InspectionTool/1.0)", "crawler/googlebot"},
	{"GoogleOther", "crawler/googlebot"},
	{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "crawler/bingbot"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1)", "crawler/applebot"},
	{"DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "crawler/duckduckbot"},
	{"DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)", "crawler/duckassist"},
	{"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "crawler/yandex"},
	{"Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "crawler/yandex"},
	{"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "crawler/ahrefs"},
	{"Mozilla/5.0 (compatible; AhrefsSiteAudit/6.1; +http://ahrefs.com/robot/)", "crawler/ahrefs"},
	{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "crawler/facebook"},
	{"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)", "crawler/facebook"},
	{"Twitterbot/1.0", "crawler/twitter"},
	{"TelegramBot (like TwitterBot)", "crawler/telegram"},
	{gptAgent, "crawler/openai"},
	{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot", "crawler/openai"},
	{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot", "crawler/openai"},
	{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)", "crawler/perplexity"},
	{"CCBot/2.0 (https://commoncrawl.org/faq/)", "crawler/commoncrawl"},
	{"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitor/uptimerobot"},
	{"Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "monitor/pingdom"},
	{"Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.102 Safari/537.36 StatusCake", "monitor/statuscake"},
	{"Better Uptime Bot Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36", "monitor/betteruptime"},
	{"Stripe/1.0 (+https://stripe.com/docs/webhooks)", "webhook/stripe"},
	{"GitHub-Hookshot/8d33975", "webhook/github"},
	{"GOOGLEBOT", "crawler/googlebot"},
}

func TestCrawlers(t *testing.T) {
	if len(claimCases) < 29 {
		t.Fatal("the table was cut")
	}
	proven := map[string]bool{}
	for _, c := range claimCases {
		a := ReadAgent(c.agent)
		if !slices.Contains(a.Proofs(), c.list) {
			t.Errorf("%.60s: proven by %v, want %s", c.agent, a.Proofs(), c.list)
		}
		proven[c.list] = true
		for _, x := range []struct {
			networks []string
			want     Kind
		}{
			{[]string{c.list}, VerifiedBot},
			{[]string{"cloud/aws", "hosting", c.list}, VerifiedBot},
			{nil, SpoofedBot},
			{[]string{"cloud/gcp", "cloud/azure"}, SpoofedBot},
			{[]string{"crawler/seznam"}, SpoofedBot},
			{[]string{"own/office"}, SpoofedBot},
		} {
			if got := a.Kind(x.networks, false); got != x.want {
				t.Errorf("%.60s from %v: %s, want %s", c.agent, x.networks, got, x.want)
			}
		}
	}
	for _, c := range crawlers {
		if !proven[c.list] {
			t.Errorf("no case for %s", c.list)
		}
	}
	if len(crawlers) > 64 {
		t.Error("Agent.claims has a bit for 64 words")
	}
}

var kindCases = []struct {
	what     string
	agent    string
	networks string
	want     Kind
}{
	{"Chrome", chromeAgent, "", Browser},
	{"Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "", Browser},
	{"Safari on a phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", "", Browser},
	{"Internet Explorer", "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)", "", Browser},
	{"Konqueror", "Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)", "", Browser},
	{"Linux Mint is no Elixir library", "Mozilla/5.0 (X11; U; Linux x86_64; en-US; rv:1.9.1.6) Gecko/20091216 Linux Mint/8 (Helena) Firefox/3.5.6", "", Browser},
	{"a CUBOT phone is no bot", "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36", "", Browser},
	{"the Yandex app", "Mozilla/5.0 (Linux; arm_64; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 YaApp_Android/23.110 YaSearchBrowser/23.110 Safari/537.36", "", Browser},
	{"a browser in a cloud", chromeAgent, "cloud/aws hosting", Browser},
	{"a browser behind iCloud Private Relay", chromeAgent, "relay/icloud cdn/fastly hosting", Browser},
	{"a browser behind a VPN", chromeAgent, "vpn hosting", Browser},
	{"headless Chrome", strings.Replace(chromeAgent, "Chrome/", "HeadlessChrome/", 1), "", Script},
	{"headless Chrome in a cloud", strings.Replace(chromeAgent, "Chrome/", "HeadlessChrome/", 1), "cloud/gcp", CloudScript},
	{"Selenium", "Mozilla/5.0 selenium/4.1", "", Script},
	{"PhantomJS", "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1", "", Script},
	{"PowerShell", "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.4391", "", Script},
	{"curl", "curl/8.5.0", "", Script},
	{"curl after a space", " curl/8.5.0", "", Script},
	{"curl in a cloud", "curl/8.5.0", "cloud/azure", CloudScript},
	{"curl in a data centre", "curl/8.5.0", "hosting", CloudScript},
	{"curl behind iCloud Private Relay", "curl/8.5.0", "relay/icloud hosting", Script},
	{"curl behind a VPN", "curl/8.5.0", "vpn/proton hosting", Script},
	{"curl through a content network", "curl/8.5.0", "cdn/cloudflare hosting", Script},
	{"curl through Tor", "curl/8.5.0", "tor hosting", Script},
	{"requests", "python-requests/2.32.3", "", Script},
	{"urllib", "Python-urllib/3.12", "", Script},
	{"httpx", "python-httpx/0.27.0", "", Script},
	{"aiohttp", "Python/3.12 aiohttp/3.10.5", "", Script},
	{"Go", "Go-http-client/1.1", "", Script},
	{"OkHttp", "okhttp/4.12.0", "", Script},
	{"LWP", "libwww-perl/6.72", "", Script},
	{"axios", "axios/1.7.7", "", Script},
	{"node-fetch", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "", Script},
	{"undici", "undici", "", Script},
	{"Java", "Java/17.0.12", "", Script},
	{"Apache", "Apache-HttpClient/4.5.14 (Java/17.0.12)", "", Script},
	{"Wget", "Wget/1.21.4", "", Script},
	{"Scrapy", "Scrapy/2.11.2 (+https://scrapy.org)", "", Script},
	{"Ruby", "Ruby", "", Script},
	{"Elixir's Req", "req/0.5.6", "", Script},
	{"Elixir's Mint", "mint/1.6.2", "", Script},
	{"Guzzle", "GuzzleHttp/7", "", Script},
	{"sqlmap", "sqlmap/1.8.9#stable (https://sqlmap.org)", "", Script},
	{"Nuclei", "Mozilla/5.0 Nuclei - Open-source project (github.com/projectdiscovery/nuclei)", "", Script},
	{"Nikto", "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)", "", Script},
	{"masscan", "masscan/1.3 (https://github.com/robertdavidgraham/masscan)", "", Script},
	{"a bot that nobody can prove", "Mozilla/5.0 (compatible; SomethingNew/1.0)", "", Script},
	{"a bot with an address", "Mozilla/5.0 (X11) Thing/2 (+https://thing.test)", "hosting", CloudScript},
	{"AdsBot, whose addresses are not listed", "AdsBot-Google (+http://www.google.com/adsbot.html)", "", Script},
	{"a phone that previews a link in a message", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0", "", Script},
	{"nothing", "", "", Script},
	{"blanks", "  \t", "", Script},
	{"nothing, from a cloud", "", "cloud/aws", CloudScript},
	{"an app of its own", "ShopApp/3.2 (iPhone; iOS 18.6)", "", Unknown},
	{"an app of its own, in a cloud", "ShopApp/3.2", "cloud/aws", CloudScript},
	{"an app behind a VPN", "ShopApp/3.2", "vpn hosting", Unknown},
	{"a scanner's list makes no script", "ShopApp/3.2", "scanner/shodan", Unknown},
	{"words beyond 512 bytes are not read", "ShopApp/3.2 " + strings.Repeat("x", 512) + " googlebot", "", Unknown},
	{"bytes that are no text", "\xff\xfe\x00", "", Unknown},
}

func TestKind(t *testing.T) {
	if len(kindCases) < 59 {
		t.Fatalf("%d cases, want 59: the table was cut", len(kindCases))
	}
	for _, c := range kindCases {
		a := ReadAgent(c.agent)
		networks := strings.Fields(c.networks)
		if got := a.Kind(networks, false); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		if got := a.Kind(networks, true); got != AttestedApp {
			t.Errorf("%s, attested: %s", c.what, got)
		}
	}
}

// A bot that gives two names is believed by either one's list.
func TestTwoClaims(t *testing.T) {
	a := ReadAgent("TelegramBot (like TwitterBot)")
	for list, want := range map[string]Kind{"crawler/telegram": VerifiedBot, "crawler/twitter": VerifiedBot, "crawler/bingbot": SpoofedBot} {
		if got := a.Kind([]string{list}, false); got != want {
			t.Errorf("from %s: %s, want %s", list, got, want)
		}
	}
}

func FuzzKind(f *testing.F) {
	seeds := 0
	for _, c := range kindCases {
		f.Add(c.agent, c.networks)
		seeds++
	}
	for _, c := range claimCases {
		f.Add(c.agent, c.list)
		seeds++
	}
	if seeds < 88 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, agent, networks string) {
		a := ReadAgent(agent)
		if a != ReadAgent(strings.ToLower(agent)) && strings.ToLower(agent) == string(lowered(agent)) {
			t.Fatalf("%q: case matters", agent)
		}
		switch k := a.Kind(strings.Fields(networks), false); k {
		case VerifiedBot:
			if !strings.Contains(networks, "/") || len(a.Proofs()) == 0 {
				t.Fatalf("%q is %s from %q", agent, k, networks)
			}
		case Unknown, Browser, SpoofedBot, CloudScript, Script:
		default:
			t.Fatalf("%q is %q", agent, k)
		}
	})
}

func lowered(s string) []byte {
	b := []byte(s)
	for i := range b {
		b[i] = lowerByte(b[i])
	}
	return b
}

func TestKindAllocatesNothing(t *testing.T) {
	networks := []string{"cloud/aws", "hosting"}
	if n := testing.AllocsPerRun(100, func() { ReadAgent(chromeAgent).Kind(networks, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkKind(b *testing.B) {
	networks := []string{"cloud/aws", "hosting"}
	for name, agent := range map[string]string{"browser": chromeAgent, "crawler": gptAgent, "script": "curl/8.5.0"} {
		b.Run("read "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ReadAgent(agent)
			}
		})
		a := ReadAgent(agent)
		b.Run("kind "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.Kind(networks, false)
			}
		})
	}
}
