package network

import (
	"strings"
	"time"
)

// Source says what a list is and where it is renewed. One without addresses is renewed with a release of Palisade only.
type Source struct {
	Name      string
	Kind      string
	Title     string
	Addresses []string // all of them together make the list
	Format    string   // how to read an answer, see Formats
	Every     time.Duration
	Official  string // in place of addresses: why there are none
}

const (
	day  = 24 * time.Hour
	misp = "https://raw.githubusercontent.com/MISP/misp-warninglists/main/lists/"
	x4b  = "https://raw.githubusercontent.com/X4BNet/lists_vpn/main/output/"
)

// Catalogue lists all sources we know. The addresses are those that the operators name in their documentation; VPN,
// hosting and scanner lists come from the projects that collect them.
func Catalogue() []Source {
	sources := []Source{
		{Name: "crawler/ahrefs", Title: "AhrefsBot", Format: "google", Addresses: at("https://api.ahrefs.com/v3/public/crawler-ip-ranges")},
		{Name: "crawler/applebot", Title: "Applebot", Format: "google", Addresses: at("https://search.developer.apple.com/applebot.json")},
		{Name: "crawler/bingbot", Title: "Bingbot", Format: "google", Addresses: at("https://www.bing.com/toolbox/bingbot.json")},
		{Name: "crawler/commoncrawl", Title: "Common Crawl", Format: "google", Addresses: at("https://index.commoncrawl.org/ccbot.json")},
		{Name: "crawler/duckassist", Title: "DuckAssistBot", Format: "google", Addresses: at("https://duckduckgo.com/duckassistbot.json")},
		{Name: "crawler/duckduckbot", Title: "DuckDuckBot", Format: "google", Addresses: at("https://duckduckgo.com/duckduckbot.json")},
		{Name: "crawler/facebook", Title: "Meta crawlers and link previews", Official: "routes of AS32934, as the operator directs"},
		{Name: "crawler/googlebot", Title: "Googlebot and Google's common crawlers", Format: "google", Addresses: at("https://developers.google.com/static/search/apis/ipranges/googlebot.json")},
		{Name: "crawler/openai", Title: "OpenAI (GPTBot, search and users' requests)", Format: "google", Addresses: at("https://openai.com/gptbot.json", "https://openai.com/searchbot.json", "https://openai.com/chatgpt-user.json")},
		{Name: "crawler/perplexity", Title: "Perplexity", Format: "google", Addresses: at("https://www.perplexity.ai/perplexitybot.json", "https://www.perplexity.ai/perplexity-user.json")},
		{Name: "crawler/telegram", Title: "Telegram link previews", Format: "plain", Addresses: at("https://core.telegram.org/resources/cidr.txt")},
		{Name: "crawler/twitter", Title: "X (Twitter) link previews", Official: "routes of AS13414"},
		{Name: "crawler/yandex", Title: "Yandex", Official: "https://yandex.com/ips, a page for people"},

		{Name: "monitor/betteruptime", Title: "Better Uptime", Format: "plain", Addresses: at("https://betteruptime.com/ips.txt")},
		{Name: "monitor/pingdom", Title: "Pingdom", Format: "plain", Addresses: at("https://my.pingdom.com/probes/ipv4", "https://my.pingdom.com/probes/ipv6")},
		{Name: "monitor/statuscake", Title: "StatusCake", Format: "plain", Addresses: at("https://app.statuscake.com/Workfloor/Locations.php?format=txt")},
		{Name: "monitor/uptimerobot", Title: "UptimeRobot", Format: "plain", Addresses: at("https://uptimerobot.com/inc/files/ips/IPv4andIPv6.txt")},

		{Name: "webhook/github", Title: "GitHub webhooks", Format: "github-hooks", Addresses: at("https://api.github.com/meta")},
		{Name: "webhook/stripe", Title: "Stripe webhooks", Format: "plain", Addresses: at("https://stripe.com/files/ips/ips_webhooks.txt")},

		{Name: "relay/icloud", Title: "iCloud Private Relay: people behind Apple's relay", Format: "csv", Addresses: at("https://mask-api.icloud.com/egress-ip-ranges.csv")},

		{Name: "cdn/akamai", Title: "Akamai", Official: "none published"},
		{Name: "cdn/bunny", Title: "bunny.net", Format: "plain", Addresses: at("https://api.bunny.net/system/edgeserverlist/plain", "https://api.bunny.net/system/edgeserverlist/IPv6/plain")},
		{Name: "cdn/cloudflare", Title: "Cloudflare", Format: "plain", Addresses: at("https://www.cloudflare.com/ips-v4", "https://www.cloudflare.com/ips-v6")},
		{Name: "cdn/fastly", Title: "Fastly", Format: "fastly", Addresses: at("https://api.fastly.com/public-ip-list")},

		// Exits come and go within hours.
		{Name: "tor", Title: "Tor exits", Format: "onionoo", Every: 2 * time.Hour, Addresses: at("https://onionoo.torproject.org/details?type=relay&running=true&flag=Exit&fields=or_addresses,exit_addresses")},

		{Name: "vpn", Title: "VPN providers together", Format: "plain", Addresses: at(x4b+"vpn/ipv4.txt", x4b+"vpn/ipv6.txt")},
		{Name: "vpn/proton", Title: "Proton VPN", Official: "https://api.protonmail.ch/vpn/logicals, for its own programs"},

		{Name: "scanner/censys", Title: "Censys", Format: "misp", Addresses: at(misp + "censys-scanning/list.json")},
		{Name: "scanner/internet-census", Title: "Internet Census Group", Format: "misp", Addresses: at(misp + "internet-census-nt-scanning/list.json")},
		{Name: "scanner/onyphe", Title: "ONYPHE", Format: "misp", Addresses: at(misp + "onyphe-scanner/list.json")},
		{Name: "scanner/rapid7", Title: "Rapid7", Format: "misp", Addresses: at(misp + "rapid7-nt-scanning/list.json")},
		{Name: "scanner/shadowserver", Title: "Shadowserver", Format: "misp", Addresses: at(misp+"shadowserver/list.json", misp+"shadowserver-nt-scanning/list.json")},
		{Name: "scanner/shodan", Title: "Shodan", Format: "misp", Addresses: at(misp+"shodan-scanning/list.json", misp+"shodan-nt-scanning/list.json")},
		{Name: "scanner/stretchoid", Title: "Stretchoid", Format: "misp", Addresses: at(misp + "stretchoid-nt-scanning/list.json")},
		{Name: "scanner/xpanse", Title: "Palo Alto Networks Cortex Xpanse", Format: "misp", Addresses: at(misp + "palo-alto-networks-cortex-xpanse/list.json")},

		{Name: "cloud/aws", Title: "Amazon Web Services", Format: "aws", Addresses: at("https://ip-ranges.amazonaws.com/ip-ranges.json")},
		{Name: "cloud/azure", Title: "Microsoft Azure", Format: "azure-page", Addresses: at("https://www.microsoft.com/en-us/download/details.aspx?id=56519")},
		{Name: "cloud/digitalocean", Title: "DigitalOcean", Format: "csv", Addresses: at("https://digitalocean.com/geo/google.csv")},
		{Name: "cloud/gcp", Title: "Google Cloud", Format: "google", Addresses: at("https://www.gstatic.com/ipranges/cloud.json")},
		{Name: "cloud/github", Title: "GitHub, Actions runners included", Format: "github", Addresses: at("https://api.github.com/meta")},
		{Name: "cloud/linode", Title: "Akamai Linode", Format: "csv", Addresses: at("https://geoip.linode.com/")},
		{Name: "cloud/oracle", Title: "Oracle Cloud", Format: "oracle", Addresses: at("https://docs.oracle.com/en-us/iaas/tools/public_ip_ranges.json")},
		{Name: "cloud/vultr", Title: "Vultr", Format: "csv", Addresses: at("https://geofeed.constant.com/?text")},

		{Name: "hosting", Title: "Hosting companies together", Format: "plain", Addresses: at(x4b+"datacenter/ipv4.txt", x4b+"datacenter/ipv6.txt")},
	}
	for i := range sources {
		s := &sources[i]
		s.Kind, _, _ = strings.Cut(s.Name, "/")
		if s.Every == 0 {
			s.Every = day
		}
		if len(s.Addresses) > 0 {
			s.Official = strings.Join(s.Addresses, " ")
		}
	}
	return sources
}

func at(addresses ...string) []string { return addresses }
