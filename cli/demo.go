package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"palisade.dev/backend/network"
	"palisade.dev/demo/attack"
	"palisade.dev/demo/shop"
	"palisade.dev/guard/engine"
)

type demoCmd struct {
	Attack demoAttackCmd `cmd:"" help:"Play a sign-up flood, leaked passwords and a scanner against the demo shop."`
	Shop   demoShopCmd   `cmd:"" help:"Run the demo shop alone."`
	API    demoAPICmd    `cmd:"" name:"api" help:"Run an API that is broken on purpose, to try the scanner on."`
}

type demoAttackCmd struct {
	Target   string        `help:"The gateway; only addresses of this machine are attacked." default:"http://127.0.0.1:8080"`
	Duration time.Duration `help:"Of each act." default:"10s"`
	Rate     int           `help:"Sign-ups a second." default:"240"`
	Acts     []string      `help:"Which ones: sign-up, stuffing, scan." placeholder:"ACT"`
}

func (c *demoAttackCmd) Run(s *session) error {
	target, err := url.Parse(c.Target)
	if err != nil {
		return misuse{err}
	}
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	o := attack.Options{
		Target: target, Clock: attack.WallClock{}, Rand: mathrand.New(mathrand.NewChaCha8(seed)), Duration: c.Duration, Rate: c.Rate, Acts: c.Acts,
	}
	if shopURL, token, err := shopStats(s.Data); err == nil {
		client := &http.Client{Timeout: 5 * time.Second}
		o.Stats = func(ctx context.Context) (shop.Stats, error) { return shop.Ask(ctx, client, shopURL, token) }
	}
	tell := s.progress(s.JSON)
	report, err := attack.Run(s.ctx, o, func(p attack.Progress) {
		if tell != nil {
			tell(fmt.Sprintf("%s · %d of %d answered · %d refused", p.Act, p.Answered, p.Planned, p.Refused))
		}
	})
	s.still()
	if err != nil && report.TookMS == 0 {
		return misuse{err}
	}
	show := s.show(report, func(w io.Writer) { err = errors.Join(err, report.WriteText(w)) })
	return errors.Join(err, show)
}

// shopFile tells the demo attack of another process where the shop itself is, so that it can ask what got through.
const shopFile = "demo-shop"

func shopStats(data string) (*url.URL, string, error) {
	b, err := os.ReadFile(filepath.Join(data, shopFile))
	if err != nil {
		return nil, "", err
	}
	address, token, ok := strings.Cut(strings.TrimSpace(string(b)), " ")
	if !ok {
		return nil, "", errors.New("no shop")
	}
	u, err := url.Parse(address)
	return u, token, err
}

type runningShop struct{ url string }

// startShop serves the demo shop on a free port of this machine until the context ends.
func startShop(ctx context.Context, s *session) (*runningShop, error) {
	token := rand.Text()
	return serveShop(ctx, s, "127.0.0.1:0", token)
}

func serveShop(ctx context.Context, s *session, listen, token string) (*runningShop, error) {
	socket, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the demo shop cannot listen on %s: %w", listen, err)
	}
	app := shop.New(s.Now, rand.Reader, token)
	server := &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() { _ = server.Serve(socket) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	r := &runningShop{"http://" + socket.Addr().String()}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.Data, shopFile), []byte(r.url+" "+token+"\n"), 0o600); err != nil {
		return nil, err
	}
	return r, nil
}

type demoShopCmd struct {
	Listen string `help:"Where." default:"127.0.0.1:4000"`
}

func (c *demoShopCmd) Run(s *session) error {
	r, err := serveShop(s.ctx, s, c.Listen, rand.Text())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "The demo shop is open at %s; stop with Ctrl-C.\n", r.url)
	<-s.ctx.Done()
	return nil
}

// bundledLists are the network lists that come with the program, for a gateway that would otherwise have to fetch them.
func bundledLists() ([]engine.NetworkList, error) {
	lists, err := network.Bundled()
	if err != nil {
		return nil, err
	}
	var out []engine.NetworkList
	for _, l := range lists {
		out = append(out, engine.NetworkList{Name: l.Name, Kind: l.Kind, Checksum: l.Checksum, Prefixes: l.Prefixes})
	}
	return out, nil
}
