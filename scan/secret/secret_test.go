package secret

import (
	"context"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan"
	"palisade.dev/scan/tree"
)

// made makes a token of a format, from chance that is always the same. Written out they would be found, here and by others.
func (f *Format) made(r *rand.Rand) string {
	pick := func(n int) string {
		var letters []byte
		for c := range byte(128) {
			if f.Of.has(c) && c != '.' && c != '-' && c != '_' && c != '=' && c != '/' && c != '+' {
				letters = append(letters, c)
			}
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	rest := pick(f.Min)
	put := func(at int, s string) { rest = rest[:at] + s + rest[at+len(s):] }
	switch f.ID {
	case "slack-bot", "slack-user", "slack-app":
		put(0, "7")
	case "slack-webhook":
		put(8, "/B")
		put(18, "/")
	case "discord-webhook":
		put(0, "7")
		put(18, "/")
	case "sendgrid":
		put(22, ".")
	case "resend":
		put(8, "_")
	case "postman":
		put(24, "-")
	case "grafana-service":
		put(32, "_")
	case "airtable":
		put(14, ".")
	case "dynatrace":
		put(24, ".")
	case "openai-old":
		put(20, "T3BlbkFJ")
	case "jwt":
		return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3MzEifQ." + pick(43)
	case "supabase-service":
		return "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0." + pick(43)
	}
	if f.Summed {
		body := rest[:len(rest)-6]
		rest = body + encode62(crc32.ChecksumIEEE([]byte(body)))
	}
	before := ""
	if f.Before[1] > 0 {
		before = "5839217460"[:f.Before[0]]
	}
	return before + f.Prefix + rest
}

func TestFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ids, cases := map[string]bool{}, 0
	for i := range Formats {
		f := &Formats[i]
		if ids[f.ID] || f.What == "" || f.Severity == scan.None {
			t.Errorf("%s is there twice or lacks something", f.ID)
		}
		ids[f.ID] = true
		for range 20 {
			token := f.made(r)
			for _, text := range []string{token, `key: "` + token + `"`, "X=" + token + "\n", "(" + token + ")."} {
				cases++
				found := tokens([]byte(text))
				if len(found) != 1 || text[found[0].Start:found[0].End] != token {
					t.Fatalf("%s: %d found in %q", f.ID, len(found), text)
				}
				if found[0].What != f.What {
					t.Errorf("%s is taken for %s", f.ID, found[0].What)
				}
			}
			for why, text := range map[string]string{
				"too short": token[:len(token)-f.Min/2-1] + `"`, "in a word": "x" + token, "of one letter": f.Prefix + strings.Repeat("a", f.Min),
			} {
				if f.Before[1] > 0 && why == "in a word" || !word.has(token[0]) && why == "in a word" {
					continue
				}
				cases++
				if found := tokens([]byte(text)); len(found) != 0 && found[0].What == f.What && why != "in a word" {
					t.Errorf("%s is found %s: %q", f.ID, why, text)
				}
			}
			if f.Summed {
				cases++
				other := []byte(token)
				if other[len(f.Prefix)] = 'Q'; token[len(f.Prefix)] == 'Q' {
					other[len(f.Prefix)] = 'R'
				}
				if len(tokens(other)) != 0 {
					t.Errorf("%s is found with a wrong checksum", f.ID)
				}
			}
		}
	}
	if len(Formats) < 70 || cases < 8000 {
		t.Errorf("%d formats, %d cases", len(Formats), cases)
	}
}

// TestChecksum holds the sum to the token by which GitHub's scheme was explained in public.
func TestChecksum(t *testing.T) {
	if !sum62("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17") {
		t.Error("the checksum of GitHub's tokens is reckoned in another way")
	}
}

func TestValues(t *testing.T) {
	const chance = "kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e"
	cases := []struct {
		name, value string
		want        bool
	}{
		{"api_key", chance, true},
		{"clientSecret", chance, true},
		{"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfi" + "CYzzzzzzzz"[:8] + "Qr7x", true},
		{"secret_key_base", "Qm3x9" + chance + chance, true},
		{"secret_key_base", "this is made of words and blanks, so it is none", false},
		{"token", "9f86d081884c7d659a2feaa0c55ad015", true},
		{"password", "Tr0ub4dor&3", true},
		{"db_password", "Kl7!mQ2zR", true},
		{"smtp-password", chance, true},
		{"password", "postgres", false},
		{"password", "correct horse battery staple", false},
		{"password", "hidden_field", false},
		{"password", "${DB_PASSWORD}", false},
		{"password", "ChangeMe123!", false},
		{"password", "$2b$12$abc", false},
		{"password_reset_path", chance, false},
		{"token_url", chance, false},
		{"public_key", chance, false},
		{"csrf_token", chance, false},
		{"token_type", chance, false},
		{"name", chance, false},
		{"signing_salt", chance, false},
		{"secret", "user_password_reset_token", false},
		{"secret", "UserPasswordResetTokenController", false},
		{"token", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
		{"token", "https://issuer.example/token/kR9x2mVqZ7tLw4Pn", false},
		{"secret", "vault:secret/data/shop#api_key_1", false},
		{"api_key", "YOUR_API_KEY_GOES_HERE_1", false},
		{"api_key", "1234567890123456", false},
		{"token", "{{ .Values.token }}", false},
		{"secret_token", "0123456789abcdef0123456789abcdef", false},
		{"access_token", "application/x-www-form-urlencoded", false},
		{"passwordInput", "form-control-sm2", false},
		{"TOKEN_CONTRACT_ADDRESS", "0x52908400098527886E0F7030069857D2E4169EE7", false},
	}
	for _, c := range cases {
		if m, ok := Value(c.name, c.value); ok != c.want {
			t.Errorf("%s = %q is a secret: %v (%+v)", c.name, c.value, ok, m)
		}
	}
	if len(cases) != 34 {
		t.Errorf("%d cases", len(cases))
	}
}

// TestText has texts with what is to be found in them between » and «.
func TestText(t *testing.T) {
	const chance = "kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e"
	key := "-----BEGIN RSA " + "PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEA7bq9xRt2mVwZcYpLk0", 4) + "\n-----END RSA " + "PRIVATE KEY-----"
	texts := []string{
		"export API_TOKEN=»" + chance + "«\n",
		"API_TOKEN=»" + chance + "« # of the shop\n",
		"api_token: »" + chance + "«\n",
		`const apiToken = "»` + chance + "«\";\n",
		`	apiToken := "»` + chance + "«\"\n",
		`{"client_secret": "»` + chance + `«", "scope": "read"}`,
		`:api_key => '»` + chance + "«'\n",
		`config["api_key"] = "»` + chance + "«\"\n",
		"ENV API_TOKEN=»" + chance + "«\n",
		"postgres://shop:»kR9x2mVq«@db.shop.io/shop",
		"amqps://user:»s3cr%65t9x«@mq.shop.io:5671/",
		"»" + key + "«",
		"\"»" + strings.ReplaceAll(key, "\n", `\n`) + "«\"",
		"postgres://postgres:postgres@localhost/shop",
		"postgres://shop:kR9x2mVq@localhost/shop",
		"postgres://shop:kR9x2mVq@db/shop",
		"https://user:password@shop.io/",
		"https://user:pass@example.com/",
		"ecto://USER:PASS@HOST/DATABASE",
		"https://${USER}:${PASSWORD}@shop.io/",
		"http://shop.io/@someone:else",
		"git@github.com:shop/shop.git",
		"-----BEGIN PUBLIC KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEA7bq9xRt2mVwZcYpLk0", 4) + "\n-----END PUBLIC KEY-----",
		"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----",
		"API_TOKEN=\nNEXT=" + chance,
		"api_token = os.environ['API_TOKEN']",
		"apiToken := fetchTokenFromVault(ctx)",
		"password = user.encrypted_password_digest2",
		"token: ${{ secrets.GITHUB_TOKEN_1 }}",
		`<input name="password" class="kR9x2mVqZ7tLw4Pn">`,
	}
	for _, marked := range texts {
		before, rest, wanted := strings.Cut(marked, "»")
		secret, _, _ := strings.Cut(rest, "«")
		text := strings.NewReplacer("»", "", "«", "").Replace(marked)
		found := Find([]byte(text), true)
		switch {
		case !wanted && len(found) > 0:
			t.Errorf("%q: %+v", text, found)
		case wanted && (len(found) != 1 || found[0].Start != len(before) || text[found[0].Start:found[0].End] != secret):
			t.Errorf("%q: %+v", text, found)
		}
		for _, m := range found {
			if shown := Shown(text[m.Start:m.End]) + Excerpt([]byte(text), m.Start, m.End); strings.Contains(shown, text[m.Start:m.End]) {
				t.Errorf("%q is told: %q", text, shown)
			}
		}
	}
	if len(texts) != 31 {
		t.Errorf("%d texts", len(texts))
	}
}

func TestShown(t *testing.T) {
	if got := Shown("Tr0ub4dor&3"); got != "11 characters" {
		t.Errorf("of a password is told %q", got)
	}
	const chance = "kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e"
	if got := Shown(chance); !strings.HasPrefix(got, "kR9x…, 32 characters, hash ") || len(got) > 45 {
		t.Errorf("of a token is told %q", got)
	}
	two := `a = "` + chance + `"; api_key = "` + chance + `x"`
	m := Find([]byte(two), true)
	if len(m) != 1 || strings.Contains(Excerpt([]byte(two), 5, 5+len(chance)), chance) {
		t.Errorf("the excerpt tells the other secret of the line: %+v", m)
	}
}

func all() map[string]scan.Check {
	out := map[string]scan.Check{}
	for _, c := range Checks() {
		out[c.ID] = c
	}
	return out
}

func TestScanner(t *testing.T) {
	const chance = "kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e"
	r := rand.New(rand.NewPCG(3, 4))
	summed, plain := Formats[2].made(r), Formats[18].made(r)
	root := fstest.MapFS{
		"deploy/.env.production":     {Data: []byte("API_TOKEN=" + chance + "\n")},
		"deploy/.env.example":        {Data: []byte("API_TOKEN=" + chance + "\n")},
		"lib/pay.ex":                 {Data: []byte("@key \"" + plain + "\"\n")},
		"lib/named.ex":               {Data: []byte("api_key: \"" + chance + "\"\n")}, // elixir/secret reads it
		"test/pay_test.exs":          {Data: []byte("@key \"" + plain + "\"\n")},
		"test/hub_test.exs":          {Data: []byte("@key \"" + summed + "\"\n")},
		"mix.lock":                   {Data: []byte(chance + summed)},
		"assets/package-lock.json":   {Data: []byte(`"token": "` + chance + `"`)},
		"priv/static/app.js":         {Data: []byte(`token = "` + chance + `"`)},
		"docs/setup.md":              {Data: []byte("postgres://shop:kR9x2mVq@db.shop.io/shop")},
		"ops/values.yaml":            {Data: []byte("url: postgres://shop:kR9x2mVq@db.shop.io/shop\n")},
		"ops/binary.dat":             {Data: []byte("\x00API_TOKEN=" + chance)},
		"config/dev.secret.example":  {Data: []byte(summed)},
		"rel/long.txt":               {Data: []byte(strings.Repeat("x", 5000) + "\n" + plain)},
		"lib/shop_web/endpoint.heex": {Data: []byte(`<input type="password" value="` + chance + `">`)},
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	part, err := New(Settings{}).Scan(context.Background(), tr, func(string) bool { return true })
	if err != nil || len(part.Gaps) > 0 || part.Read != 0 {
		t.Fatal(err, part.Gaps, part.Read)
	}
	var got []string
	for _, f := range part.Findings {
		got = append(got, f.Place.File+" "+strings.TrimPrefix(f.Check, "secret/")+" "+f.Severity.String()+" "+f.Confidence.String())
		whole := f.Message + f.Excerpt + f.Fix.Text + f.Title
		for _, secret := range []string{chance, summed, plain, "kR9x2mVq@"} {
			if strings.Contains(whole, secret) {
				t.Errorf("%s tells its secret: %s", f.Place.File, whole)
			}
		}
	}
	want := []string{
		"config/dev.secret.example token critical confirmed", "deploy/.env.production value high firm", "lib/pay.ex token critical firm", "ops/values.yaml url high firm",
		"rel/long.txt token critical firm", "test/hub_test.exs token critical confirmed", "test/pay_test.exs token low tentative",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPagesOfChecks(t *testing.T) {
	for _, c := range Checks() {
		page, err := os.ReadFile(filepath.Join(strings.TrimPrefix(c.ID, "secret/"), "doc.md"))
		if err != nil || string(page) != c.Doc || !strings.HasPrefix(c.Doc, "# "+c.Title+"\n") || strings.Count(c.Doc, "```") != 4 {
			t.Errorf("the page of %s: %v", c.ID, err)
		}
	}
}

// TestHistory finds what was taken out of a repository, and runs nothing that the repository names.
func TestHistory(t *testing.T) {
	const chance = "kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e"
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "--quiet")
	write("prod.env", "HOST=shop\nAPI_TOKEN="+chance+"\n")
	git("add", ".")
	git("commit", "--quiet", "--message=one")
	write("prod.env", "HOST=shop\n")
	write("with blanks ü.env", "A=1\nB=2\nAPI_TOKEN="+chance+"x\n")
	git("add", ".")
	git("commit", "--quiet", "--message=two")
	mark := filepath.Join(dir, "was-run")
	for _, setting := range []string{"core.fsmonitor", "core.pager", "diff.external", "diff.evil.textconv", "gpg.program", "core.sshCommand", "interactive.diffFilter"} {
		git("config", setting, "touch "+mark)
	}
	git("config", "log.showSignature", "true")
	write(".gitattributes", "*.env diff=evil\n")

	h := &History{Dir: dir}
	part, err := h.look(context.Background(), all(), nil)
	if err != nil || len(part.Gaps) > 0 || len(part.Findings) != 2 {
		t.Fatalf("%v, gaps %v, findings %+v", err, part.Gaps, part.Findings)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("git ran what the repository named")
	}
	for i, want := range []string{"with blanks ü.env:3:11", "prod.env:2:11"} {
		f := part.Findings[i]
		if f.Place.Where() != want || !strings.HasPrefix(f.Place.Symbol, "commit ") || !strings.Contains(f.Message, "in every clone") || strings.Contains(f.Message+f.Excerpt, chance) {
			t.Errorf("finding %d: %+v", i, f)
		}
	}
	known := map[string]bool{once(part.Findings[0], "with blanks ü.env"): true}
	if part, err = h.look(context.Background(), all(), known); err != nil || len(part.Findings) != 1 {
		t.Errorf("%v, what is known is told again: %+v", err, part.Findings)
	}
	h.Bytes = 200
	if part, err = h.look(context.Background(), all(), nil); err != nil || len(part.Gaps) != 1 || !strings.Contains(part.Gaps[0].Why, "oldest were not read") {
		t.Errorf("%v, gaps %v", err, part.Gaps)
	}
	for _, h := range []*History{{Dir: t.TempDir()}, {Dir: dir, Git: "git-is-not-here"}} {
		if part, err = h.look(context.Background(), all(), nil); err != nil || len(part.Gaps) != 1 || part.Gaps[0].Where != "git history" {
			t.Errorf("%v, gaps %v", err, part.Gaps)
		}
	}
}

func FuzzFind(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	seeds := 0
	for i := range Formats {
		f.Add([]byte("a = \"" + Formats[i].made(r) + "\"\n"))
		seeds++
	}
	for _, s := range []string{"", "://", "a://b:cccc@d", "://:@", "-----BEGIN PRIVATE KEY-----", "token=", "key: \"\xff\xfe\"", "eyJ.eyJ.", "eyJhbGciOjF9.e30." + strings.Repeat("a", 50)} {
		f.Add([]byte(s))
		seeds++
	}
	if seeds < 80 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		last := 0
		for _, m := range Find(text, true) {
			if m.Start < last || m.End <= m.Start || m.End > len(text) || m.What == "" {
				t.Fatalf("%+v behind %d of %d", m, last, len(text))
			}
			last = m.End
			secret := string(text[m.Start:m.End])
			if len(secret) > 16 && strings.Contains(Excerpt(text, m.Start, m.End), secret) && strings.Count(string(text), secret) == 1 {
				t.Fatalf("%q is told", secret)
			}
		}
	})
}

func FuzzHistory(f *testing.F) {
	const head = "commit 0123456789012345678901234567890123456789 1700000000\n\ndiff --git a.env a.env\n--- a.env\n+++ a.env\n@@ -0,0 +1,2 @@\n"
	for _, s := range []string{"", head, head + "+A=1\n", head + "+API_TOKEN=kR9x2mVqZ7tLw4Pn" + "B8sYc3Hd6Jf1Gu5e\n", "@@ -1 +99999999999999999999 @@\n", "+++ ../../x\n+a", "commit x\n+++ \"q\"\n"} {
		f.Add(s)
	}
	checks := all()
	f.Fuzz(func(t *testing.T, text string) {
		var part scan.Part
		if _, err := readHistory(strings.NewReader(text), checks, nil, &part); err != nil {
			t.Fatal(err)
		}
		for _, f := range part.Findings {
			if f.Place.Start.Line < 1 || f.Place.File == "" || strings.HasPrefix(f.Place.File, "..") {
				t.Fatalf("%+v", f.Place)
			}
		}
	})
}
