package wire

// Delta takes a guard from one revision to a later one when only bans and allowances changed.
type Delta struct {
	Version    int         `json:"version"`
	Site       string      `json:"site"`
	From       uint64      `json:"from"`
	To         uint64      `json:"to"`
	Issued     int64       `json:"issued"`
	Bans       []Ban       `json:"bans,omitempty"`
	Unbanned   []string    `json:"unbanned,omitempty"` // subjects
	Allowances []Allowance `json:"allowances,omitempty"`
	Unallowed  []string    `json:"unallowed,omitempty"` // subjects
}
