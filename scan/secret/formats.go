package secret

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"strings"

	"palisade.dev/scan"
)

// Format is a kind of token that its form gives away: what it begins with, of which characters it goes on, and how many.
type Format struct {
	ID       string
	What     string // with its article
	Prefix   string
	Of       set
	Min, Max int // characters behind the prefix
	Severity scan.Severity

	// Before is how many digits stand before the prefix and belong to the token.
	Before [2]int
	// Right looks at what is behind the prefix; a checksum that is wrong makes it no token at all.
	Right func(rest string) bool
	// Summed says that Right proves the token by a checksum.
	Summed bool
}

// set is a set of ASCII characters, a bit for each.
type set [2]uint64

func chars(ranges string) (s set) {
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			s[c>>6] |= 1 << (c & 63)
		}
	}
	return s
}

func (s *set) has(c byte) bool { return c < 128 && s[c>>6]>>(c&63)&1 != 0 }

var (
	alnum  = chars("09azAZ")
	word   = chars("09azAZ__")
	url64  = chars("09azAZ__--")
	dotted = chars("09azAZ__--..")
	hexes  = chars("09af")
	base32 = chars("27AZ")
	bech32 = chars("09AZ")
	upper  = chars("09AZ")
	std64  = chars("09azAZ++//==")
	path64 = chars("09azAZ__--//")
	lowers = chars("09az")
)

// Formats is the table. Prefixes and lengths are as the issuers document them or as their tokens have been seen to be.
var Formats = []Format{
	{ID: "aws-access-key", What: "an AWS access key", Prefix: "AKIA", Of: base32, Min: 16, Max: 16, Severity: scan.High},
	{ID: "aws-session-key", What: "an AWS temporary access key", Prefix: "ASIA", Of: base32, Min: 16, Max: 16, Severity: scan.Medium},
	{ID: "github-pat", What: "a GitHub personal access token", Prefix: "ghp_", Of: alnum, Min: 36, Max: 36, Severity: scan.Critical, Right: sum62, Summed: true},
	{ID: "github-oauth", What: "a GitHub OAuth token", Prefix: "gho_", Of: alnum, Min: 36, Max: 36, Severity: scan.Critical, Right: sum62, Summed: true},
	{ID: "github-user", What: "a GitHub App user token", Prefix: "ghu_", Of: alnum, Min: 36, Max: 36, Severity: scan.High, Right: sum62, Summed: true},
	{ID: "github-server", What: "a GitHub App installation token", Prefix: "ghs_", Of: alnum, Min: 36, Max: 36, Severity: scan.High, Right: sum62, Summed: true},
	{ID: "github-refresh", What: "a GitHub App refresh token", Prefix: "ghr_", Of: alnum, Min: 36, Max: 76, Severity: scan.High, Right: sum62, Summed: true},
	{ID: "github-fine", What: "a GitHub fine-grained token", Prefix: "github_pat_", Of: word, Min: 82, Max: 82, Severity: scan.Critical},
	{ID: "gitlab-pat", What: "a GitLab personal access token", Prefix: "glpat-", Of: dotted, Min: 20, Max: 64, Severity: scan.Critical},
	{ID: "gitlab-deploy", What: "a GitLab deploy token", Prefix: "gldt-", Of: url64, Min: 20, Max: 64, Severity: scan.High},
	{ID: "gitlab-runner", What: "a GitLab runner token", Prefix: "glrt-", Of: dotted, Min: 20, Max: 64, Severity: scan.High},
	{ID: "gitlab-trigger", What: "a GitLab trigger token", Prefix: "glptt-", Of: hexes, Min: 40, Max: 40, Severity: scan.High},
	{ID: "slack-bot", What: "a Slack bot token", Prefix: "xoxb-", Of: url64, Min: 40, Max: 90, Severity: scan.High, Right: startsWithDigit},
	{ID: "slack-user", What: "a Slack user token", Prefix: "xoxp-", Of: url64, Min: 40, Max: 110, Severity: scan.High, Right: startsWithDigit},
	{ID: "slack-app", What: "a Slack app token", Prefix: "xapp-", Of: url64, Min: 60, Max: 130, Severity: scan.High, Right: startsWithDigit},
	{ID: "slack-webhook", What: "a Slack webhook address", Prefix: "hooks.slack.com/services/T", Of: path64, Min: 38, Max: 60, Severity: scan.Medium, Right: func(s string) bool { return strings.Count(s, "/") == 2 && strings.Contains(s, "/B") }},
	{ID: "discord-webhook", What: "a Discord webhook address", Prefix: "discord.com/api/webhooks/", Of: path64, Min: 80, Max: 96, Severity: scan.Medium, Right: startsWithDigit},
	{ID: "telegram-bot", What: "a Telegram bot token", Prefix: ":AA", Of: url64, Min: 33, Max: 33, Severity: scan.High, Before: [2]int{8, 10}},
	{ID: "stripe-live", What: "a Stripe live secret key", Prefix: "sk_live_", Of: alnum, Min: 24, Max: 247, Severity: scan.Critical},
	{ID: "stripe-restricted", What: "a Stripe live restricted key", Prefix: "rk_live_", Of: alnum, Min: 24, Max: 247, Severity: scan.Critical},
	{ID: "stripe-test", What: "a Stripe test key", Prefix: "sk_test_", Of: alnum, Min: 24, Max: 247, Severity: scan.Low},
	{ID: "webhook-signing", What: "a secret that signs webhooks", Prefix: "whsec_", Of: std64, Min: 24, Max: 96, Severity: scan.High},
	{ID: "square-access", What: "a Square access token", Prefix: "sq0atp-", Of: url64, Min: 22, Max: 22, Severity: scan.Critical},
	{ID: "square-secret", What: "a Square client secret", Prefix: "sq0csp-", Of: url64, Min: 43, Max: 43, Severity: scan.Critical},
	{ID: "shopify-access", What: "a Shopify access token", Prefix: "shpat_", Of: hexes, Min: 32, Max: 32, Severity: scan.High},
	{ID: "shopify-secret", What: "a Shopify shared secret", Prefix: "shpss_", Of: hexes, Min: 32, Max: 32, Severity: scan.High},
	{ID: "google-api", What: "a Google API key", Prefix: "AIza", Of: url64, Min: 35, Max: 35, Severity: scan.Medium},
	{ID: "google-client", What: "a Google OAuth client secret", Prefix: "GOCSPX-", Of: url64, Min: 28, Max: 28, Severity: scan.High},
	{ID: "google-access", What: "a Google access token", Prefix: "ya29.", Of: url64, Min: 60, Max: 400, Severity: scan.Medium},
	{ID: "npm", What: "an npm token", Prefix: "npm_", Of: alnum, Min: 36, Max: 36, Severity: scan.Critical, Right: sum62, Summed: true},
	{ID: "pypi", What: "a PyPI token", Prefix: "pypi-AgE", Of: url64, Min: 80, Max: 400, Severity: scan.Critical},
	{ID: "rubygems", What: "a RubyGems key", Prefix: "rubygems_", Of: hexes, Min: 48, Max: 48, Severity: scan.Critical},
	{ID: "docker", What: "a Docker Hub token", Prefix: "dckr_pat_", Of: url64, Min: 27, Max: 27, Severity: scan.High},
	{ID: "sendgrid", What: "a SendGrid API key", Prefix: "SG.", Of: dotted, Min: 66, Max: 66, Severity: scan.High, Right: func(s string) bool { return s[22] == '.' && strings.Count(s, ".") == 1 }},
	{ID: "resend", What: "a Resend API key", Prefix: "re_", Of: word, Min: 33, Max: 33, Severity: scan.High, Right: func(s string) bool { return s[8] == '_' && Random(s) }},
	{ID: "postmark-brevo", What: "a Brevo API key", Prefix: "xkeysib-", Of: url64, Min: 81, Max: 81, Severity: scan.High},
	{ID: "openai", What: "an OpenAI API key", Prefix: "sk-proj-", Of: url64, Min: 40, Max: 200, Severity: scan.High},
	{ID: "openai-old", What: "an OpenAI API key", Prefix: "sk-", Of: alnum, Min: 48, Max: 48, Severity: scan.High, Right: func(s string) bool { return strings.Contains(s, "T3BlbkFJ") }},
	{ID: "anthropic", What: "an Anthropic API key", Prefix: "sk-ant-", Of: url64, Min: 80, Max: 120, Severity: scan.High},
	{ID: "huggingface", What: "a Hugging Face token", Prefix: "hf_", Of: alnum, Min: 34, Max: 34, Severity: scan.High},
	{ID: "digitalocean", What: "a DigitalOcean token", Prefix: "dop_v1_", Of: hexes, Min: 64, Max: 64, Severity: scan.Critical},
	{ID: "linear", What: "a Linear API key", Prefix: "lin_api_", Of: alnum, Min: 40, Max: 40, Severity: scan.High},
	{ID: "notion", What: "a Notion token", Prefix: "ntn_", Of: alnum, Min: 46, Max: 46, Severity: scan.High},
	{ID: "postman", What: "a Postman API key", Prefix: "PMAK-", Of: url64, Min: 59, Max: 59, Severity: scan.High, Right: func(s string) bool { return s[24] == '-' }},
	{ID: "newrelic", What: "a New Relic user key", Prefix: "NRAK-", Of: upper, Min: 27, Max: 27, Severity: scan.High},
	{ID: "grafana-service", What: "a Grafana service account token", Prefix: "glsa_", Of: word, Min: 41, Max: 41, Severity: scan.High, Right: func(s string) bool { return s[32] == '_' }},
	{ID: "grafana-cloud", What: "a Grafana Cloud token", Prefix: "glc_", Of: std64, Min: 60, Max: 400, Severity: scan.High},
	{ID: "databricks", What: "a Databricks token", Prefix: "dapi", Of: hexes, Min: 32, Max: 32, Severity: scan.High},
	{ID: "vault", What: "a Vault token", Prefix: "hvs.", Of: url64, Min: 24, Max: 200, Severity: scan.Critical},
	{ID: "doppler", What: "a Doppler token", Prefix: "dp.pt.", Of: alnum, Min: 40, Max: 44, Severity: scan.Critical},
	{ID: "doppler-service", What: "a Doppler service token", Prefix: "dp.st.", Of: dotted, Min: 40, Max: 80, Severity: scan.Critical},
	{ID: "fly", What: "a Fly.io token", Prefix: "fo1_", Of: url64, Min: 43, Max: 43, Severity: scan.High},
	{ID: "fly-macaroon", What: "a Fly.io token", Prefix: "fm2_", Of: std64, Min: 100, Max: 2000, Severity: scan.High},
	{ID: "planetscale", What: "a PlanetScale token", Prefix: "pscale_tkn_", Of: dotted, Min: 32, Max: 64, Severity: scan.High},
	{ID: "planetscale-password", What: "a PlanetScale password", Prefix: "pscale_pw_", Of: dotted, Min: 32, Max: 64, Severity: scan.Critical},
	{ID: "supabase", What: "a Supabase access token", Prefix: "sbp_", Of: hexes, Min: 40, Max: 40, Severity: scan.Critical},
	{ID: "sentry", What: "a Sentry user token", Prefix: "sntryu_", Of: hexes, Min: 64, Max: 64, Severity: scan.High},
	{ID: "sentry-organisation", What: "a Sentry organisation token", Prefix: "sntrys_", Of: chars("09azAZ__++//=="), Min: 80, Max: 400, Severity: scan.High},
	{ID: "age", What: "an age identity", Prefix: "AGE-SECRET-KEY-1", Of: bech32, Min: 58, Max: 58, Severity: scan.High},
	{ID: "figma", What: "a Figma token", Prefix: "figd_", Of: url64, Min: 40, Max: 40, Severity: scan.Medium},
	{ID: "airtable", What: "an Airtable token", Prefix: "pat", Of: dotted, Min: 79, Max: 79, Severity: scan.High, Right: func(s string) bool { return s[14] == '.' && strings.Count(s, ".") == 1 }},
	{ID: "dynatrace", What: "a Dynatrace token", Prefix: "dt0c01.", Of: dotted, Min: 89, Max: 89, Severity: scan.High, Right: func(s string) bool { return s[24] == '.' }},
	{ID: "atlassian", What: "an Atlassian API token", Prefix: "ATATT3xFfGF0", Of: chars("09azAZ__--=="), Min: 120, Max: 220, Severity: scan.High},
	{ID: "bitbucket", What: "a Bitbucket app password", Prefix: "ATBB", Of: alnum, Min: 32, Max: 32, Severity: scan.High},
	{ID: "contentful", What: "a Contentful token", Prefix: "CFPAT-", Of: url64, Min: 43, Max: 43, Severity: scan.High},
	{ID: "alibaba", What: "an Alibaba Cloud access key", Prefix: "LTAI5t", Of: alnum, Min: 18, Max: 18, Severity: scan.High},
	{ID: "heroku", What: "a Heroku API key", Prefix: "HRKU-AA", Of: url64, Min: 50, Max: 70, Severity: scan.High},
	{ID: "render", What: "a Render API key", Prefix: "rnd_", Of: alnum, Min: 28, Max: 28, Severity: scan.High, Right: Random},
	{ID: "tailscale", What: "a Tailscale auth key", Prefix: "tskey-auth-", Of: url64, Min: 40, Max: 80, Severity: scan.Critical},
	{ID: "cloudflare-origin", What: "a Cloudflare Origin CA key", Prefix: "v1.0-", Of: chars("09af--"), Min: 160, Max: 180, Severity: scan.High},
	{ID: "pulumi", What: "a Pulumi token", Prefix: "pul-", Of: hexes, Min: 40, Max: 40, Severity: scan.High},
	{ID: "terraform", What: "a Terraform Cloud token", Prefix: ".atlasv1.", Of: url64, Min: 60, Max: 70, Severity: scan.Critical},
	{ID: "buildkite", What: "a Buildkite token", Prefix: "bkua_", Of: lowers, Min: 40, Max: 40, Severity: scan.High},
	{ID: "adafruit", What: "an Adafruit IO key", Prefix: "aio_", Of: alnum, Min: 28, Max: 28, Severity: scan.Low, Right: Random},
	{ID: "supabase-service", What: "a Supabase service key", Prefix: "eyJ", Of: dotted, Min: 60, Max: 4000, Severity: scan.Critical, Right: func(s string) bool { return signedToken(s, "service_role") }},
	// Most signed tokens in a source are of tests or ran out long ago, and there is no knowing.
	{ID: "jwt", What: "a signed web token (JWT)", Prefix: "eyJ", Of: dotted, Min: 60, Max: 4000, Severity: scan.Low, Right: func(s string) bool { return signedToken(s, "") }},
}

// starts tells for a first byte which formats may begin there.
var starts = func() (index [256][]*Format) {
	for i := range Formats {
		c := Formats[i].Prefix[0]
		index[c] = append(index[c], &Formats[i])
	}
	return index
}()

// seconds tells for a first byte which second ones lead on to a format, a bit for each, and inside which bytes are of words.
// They are asked of every byte of a project.
var (
	seconds = func() (index [256][4]uint64) {
		for i := range Formats {
			first, second := Formats[i].Prefix[0], Formats[i].Prefix[1]
			index[first][second>>6] |= 1 << (second & 63)
		}
		return index
	}()
	inside = func() (index [256]bool) {
		for c := range index {
			index[c] = word.has(byte(c))
		}
		return index
	}()
)

// tokens finds what its form gives away, in one walk over the text.
func tokens(text []byte) (found []Match) {
	for i := 0; i+1 < len(text); i++ {
		next := text[i+1]
		if seconds[text[i]][next>>6]>>(next&63)&1 == 0 {
			continue
		}
		// Most places are inside of words, where no token begins.
		if i > 0 && inside[text[i]] && inside[text[i-1]] {
			continue
		}
		for _, f := range starts[text[i]] {
			if next != f.Prefix[1] {
				continue
			}
			if start, end, ok := f.at(text, i); ok {
				confidence := scan.Firm
				if f.Summed {
					confidence = scan.Confirmed
				}
				found = append(found, Match{Check: "token", What: f.What, Start: start, End: end, Severity: f.Severity, Confidence: confidence})
				i = end - 1
				break
			}
		}
	}
	return found
}

// at says whether a token of this format has its prefix at i.
func (f *Format) at(text []byte, i int) (start, end int, ok bool) {
	from := i + len(f.Prefix)
	if from+f.Min > len(text) || string(text[i:from]) != f.Prefix {
		return 0, 0, false
	}
	start, end = i, from
	if f.Before[1] > 0 {
		for start > 0 && '0' <= text[start-1] && text[start-1] <= '9' {
			start--
		}
		if n := i - start; n < f.Before[0] || n > f.Before[1] {
			return 0, 0, false
		}
	}
	// A token is a word of its own: xAKIA… is something else. A host name has dots and slashes before it.
	if start > 0 && word.has(text[start-1]) && word.has(text[start]) {
		return 0, 0, false
	}
	for end < len(text) && f.Of.has(text[end]) && end-from <= f.Max {
		end++
	}
	// The full stop of a sentence is of no token.
	for end > from+f.Min && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	rest := string(text[from:end])
	if len(rest) < f.Min || len(rest) > f.Max || end < len(text) && word.has(text[end]) {
		return 0, 0, false
	}
	if invented(string(text[start:end])) || distinct(rest) < 8 || f.Right != nil && !f.Right(rest) {
		return 0, 0, false
	}
	return start, end, true
}

func startsWithDigit(s string) bool { return '0' <= s[0] && s[0] <= '9' }

// distinct counts different characters: xxxxxxxx and 12341234 are no tokens.
func distinct(s string) (n int) {
	var seen [256]bool
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			n++
		}
	}
	return n
}

const digits62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// sum62 is the checksum of GitHub's and npm's tokens: the last six characters are the CRC-32 of those before, in base 62.
func sum62(rest string) bool {
	body, want := rest[:len(rest)-6], rest[len(rest)-6:]
	return encode62(crc32.ChecksumIEEE([]byte(body))) == want
}

func encode62(sum uint32) string {
	out := [6]byte{}
	for i := 5; i >= 0; i-- {
		out[i] = digits62[sum%62]
		sum /= 62
	}
	return string(out[:])
}

// signedToken looks into a JWT, of a role where one is named. One that is signed by nothing, or is made to be public (the anonymous role of Supabase and
// the like), is no secret.
func signedToken(rest, role string) bool {
	parts := strings.Split("eyJ"+rest, ".")
	if len(parts) != 3 || len(parts[2]) < 40 {
		return false
	}
	var head struct{ Alg string }
	var body map[string]any
	for i, into := range []any{&head, &body} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return false
		}
	}
	// The two tokens of jwt.io stand in half of all documentation.
	return head.Alg != "" && head.Alg != "none" && (role == "" || body["role"] == role) && body["role"] != "anon" && body["name"] != "John Doe"
}
