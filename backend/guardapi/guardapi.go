// Package guardapi is the back end's side of /guard/v1: what guards ask and tell over HTTP. The key of a site lets a
// guard in, and to nothing but that site.
package guardapi

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/link"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Site is one site as its guards see the back end.
type Site = link.Backend

// Sites finds a site by the hash of a key's secret.
type Sites interface {
	ByKey(ctx context.Context, hash []byte) (Site, error)
}

// Hash is how a site key's secret is stored: it has 256 bits of chance, so a plain hash cannot be turned back.
func Hash(k wire.SiteKey) []byte {
	sum := sha256.Sum256(k.Secret[:])
	return sum[:]
}

// maxWait bounds a long poll, below what proxies in between cut off.
const maxWait = 55 * time.Second

type api struct {
	sites Sites
	log   *slog.Logger
}

// New makes the handler; it answers below /guard/v1/.
func New(sites Sites, log *slog.Logger) http.Handler {
	a := &api{sites, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /guard/v1/policy", a.with(a.policy))
	mux.HandleFunc("GET /guard/v1/networks/{checksum}", a.with(a.network))
	mux.HandleFunc("POST /guard/v1/events", a.with(a.events))
	mux.HandleFunc("POST /guard/v1/receipts", a.with(a.receipt))
	mux.HandleFunc("POST /guard/v1/inventory", a.with(a.inventory))
	return mux
}

// with finds the site of a request's key. Every failure to is answered alike.
func (a *api) with(h func(http.ResponseWriter, *http.Request, Site)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		key, err := wire.ParseSiteKey(text)
		if !ok || err != nil {
			refuse(w, http.StatusUnauthorized, "a site key is needed: make one with palisade site key add SITE")
			return
		}
		s, err := a.sites.ByKey(r.Context(), Hash(key))
		if err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				a.fail(w, r, err)
				return
			}
			refuse(w, http.StatusUnauthorized, "a site key is needed: make one with palisade site key add SITE")
			return
		}
		h(w, r, s)
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// fail answers what is not the guard's fault; the log knows more than the answer.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	a.log.Error("a guard's request failed", "path", r.URL.Path, "err", err)
	refuse(w, http.StatusInternalServerError, "the back end could not do that now; its log says why")
}

func (a *api) policy(w http.ResponseWriter, r *http.Request, s Site) {
	after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, "after: want the revision that the guard has, 0 for none")
		return
	}
	wait, err := time.ParseDuration(r.FormValue("wait"))
	if err != nil || wait < 0 {
		wait = 0
	}
	envelopes, err := s.Policy(r.Context(), after, min(wait, maxWait))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if len(envelopes) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := io.Writer(w)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		out = z
	}
	_ = json.NewEncoder(out).Encode(link.Answer{Envelopes: envelopes})
}

func (a *api) network(w http.ResponseWriter, r *http.Request, s Site) {
	prefixes, err := s.Network(r.Context(), r.PathValue("checksum"))
	if errors.Is(err, store.ErrNotFound) {
		refuse(w, http.StatusNotFound, "no network list has that checksum now")
		return
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	writePrefixes(w, prefixes)
}

func writePrefixes(w io.Writer, prefixes []netip.Prefix) {
	b := make([]byte, 0, 64<<10)
	for _, p := range prefixes {
		if b = append(p.AppendTo(b), '\n'); len(b) > 63<<10 {
			_, _ = w.Write(b)
			b = b[:0]
		}
	}
	_, _ = w.Write(b)
}

// read takes a JSON body, compressed or not, within a bound that holds for what it unpacks to.
func read(w http.ResponseWriter, r *http.Request, limit int64, v any) bool {
	body := io.Reader(http.MaxBytesReader(w, r.Body, limit))
	switch r.Header.Get("Content-Encoding") {
	case "":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			refuse(w, http.StatusBadRequest, "the body is not gzip, as its header says")
			return false
		}
		body = z
	default:
		refuse(w, http.StatusUnsupportedMediaType, "content-encoding: want none or gzip")
		return false
	}
	if err := wire.Read(body, limit, v); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

func (a *api) events(w http.ResponseWriter, r *http.Request, s Site) {
	var b wire.Batch
	if read(w, r, wire.MaxBatch, &b) {
		a.done(w, r, s.Events(r.Context(), b))
	}
}

func (a *api) receipt(w http.ResponseWriter, r *http.Request, s Site) {
	var v wire.Receipt
	if read(w, r, wire.MaxSmall, &v) {
		a.done(w, r, s.Receipt(r.Context(), v))
	}
}

func (a *api) inventory(w http.ResponseWriter, r *http.Request, s Site) {
	var v wire.Inventory
	if read(w, r, wire.MaxSmall, &v) {
		a.done(w, r, s.Inventory(r.Context(), v))
	}
}

// ErrInvalid marks what a guard sent wrong.
var ErrInvalid = errors.New("invalid")

func (a *api) done(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrInvalid):
		refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		a.fail(w, r, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
