package answer

import (
	"net/http"
	"strconv"
	"time"

	"palisade.dev/guard/engine"
)

// Quota sets the RateLimit fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10), and the old X- ones
// where a site asks for them. The caller leaves routes out whose budget an attacker must not learn.
func Quota(h http.Header, q engine.Quota, legacy bool) {
	if q.Rule == "" {
		return
	}
	window := int64(q.Per / time.Second)
	reset := int64((q.Reset + time.Second - 1) / time.Second)
	b := make([]byte, 0, 64)
	b = append(append(append(b, '"'), q.Rule...), `";q=`...)
	b = strconv.AppendInt(b, int64(q.Count), 10)
	b = append(b, ";w="...)
	b = strconv.AppendInt(b, window, 10)
	h["Ratelimit-Policy"] = []string{string(b)}
	b = append(append(append(b[:0], '"'), q.Rule...), `";r=`...)
	b = strconv.AppendInt(b, int64(max(q.Remaining, 0)), 10)
	b = append(b, ";t="...)
	b = strconv.AppendInt(b, reset, 10)
	h["Ratelimit"] = []string{string(b)}
	if legacy {
		h["X-Ratelimit-Limit"] = []string{strconv.Itoa(q.Count)}
		h["X-Ratelimit-Remaining"] = []string{strconv.Itoa(max(q.Remaining, 0))}
		h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(reset, 10)}
	}
}
