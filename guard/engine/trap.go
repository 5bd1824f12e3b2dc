package engine

import (
	"errors"
	"fmt"

	"palisade.dev/guard/wire"
)

type trap struct {
	name     string
	missing  bool
	then     effects
	answer   Action
	rehearse bool
}

func (p *Policy) addTrap(w wire.Trap) error {
	if w.Name == "" {
		return errors.New("name: a trap needs one")
	}
	t := trap{name: w.Name}
	var err error
	var unknown []string
	if t.then, unknown, err = parseThen(w.Then, Block); err != nil {
		return err
	}
	for _, u := range unknown {
		p.Notes = append(p.Notes, fmt.Sprintf("trap %q: action %q is not known here, so it blocks", w.Name, u))
	}
	t.answer = t.then.answer.Climb(p.can)
	switch w.When {
	case "", "always":
	case "missing":
		t.missing = true
	default:
		return fmt.Errorf("when: %q: want always or missing", w.When)
	}
	switch w.Mode {
	case "", "on":
	case "rehearse":
		t.rehearse = true
	case "off":
		return nil
	default:
		return fmt.Errorf("mode: %q: want on, rehearse or off", w.Mode)
	}
	i := len(p.traps)
	paths := w.Paths
	if w.Form != "" {
		paths = append(append([]string{}, paths...), w.Form)
	}
	if len(paths)+len(w.Keys)+len(w.Accounts) == 0 {
		return errors.New("paths: want at least one signature, such as \"*.php\", \"/admin-old\" or \".env\", or else keys or accounts that are nobody's")
	}
	if t.missing && len(paths) == 0 {
		return errors.New("when: missing is about paths: a key or an account that is nobody's is so always")
	}
	for _, text := range paths {
		if err := p.lures.add(&p.router, text, i, p.router.fold); err != nil {
			return err
		}
	}
	if err := p.decoys.add(w.Keys, w.Accounts, int32(i)); err != nil {
		return err
	}
	if t.then.ban > 0 && !t.rehearse {
		p.banDims |= 1 << ByAddress
	}
	p.traps = append(p.traps, t)
	return nil
}

func (p *Policy) trapped(t *Tally, r *Request, v *Verdict) bool {
	tr := &p.traps[r.way().trap]
	return !tr.missing && p.spring(t, r, v, tr)
}

// spring does what a trap does on a touch, and reports whether that refuses the request.
func (p *Policy) spring(t *Tally, r *Request, v *Verdict, tr *trap) bool {
	if tr.rehearse {
		return false
	}
	v.Reason, v.Rule, v.Alert = Trapped, tr.name, tr.then.alert
	if tr.then.ban > 0 {
		p.impose(t, r, v, ByAddress, tr.then.ban)
	}
	if v.BanFor == 0 {
		v.Action = tr.answer
	}
	v.Status = p.status(v.Action)
	return v.Action.Refuses()
}
