package api

import (
	"context"
	"fmt"
	"net/netip"

	"palisade.dev/backend/access"
	"palisade.dev/backend/client"
	"palisade.dev/backend/network"
)

// ListState is one network list.
type ListState struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Title     string `json:"title"`
	Source    string `json:"source"`
	Official  string `json:"official,omitempty"`
	Licence   string `json:"licence,omitempty"`
	Date      int64  `json:"date" doc:"unix milliseconds of the copy"`
	AgeHours  int64  `json:"age_hours"`
	Prefixes  int    `json:"prefixes"`
	Renewed   bool   `json:"renewed"`
	LastError string `json:"last_error,omitempty"`
	NextTry   int64  `json:"next_try,omitempty"`
}

func listState(s network.Status) ListState {
	l := ListState{
		Name: s.Name, Kind: s.Kind, Title: s.Title, Source: s.Source, Official: s.Official, Licence: s.Licence,
		Date: s.Date.UnixMilli(), AgeHours: int64(s.Age.Hours()), Prefixes: s.Prefixes, Renewed: s.Renewed, LastError: s.LastError,
	}
	if !s.NextTry.IsZero() {
		l.NextTry = s.NextTry.UnixMilli()
	}
	return l
}

func (a *api) networks() {
	op(a, anyone, "GET", "/networks", "list-networks", "Network lists with source, age and size", func(context.Context, *struct{}) ([]ListState, error) {
		states := []ListState{}
		for _, s := range a.Networks.Status() {
			states = append(states, listState(s))
		}
		return states, nil
	})
	op(a, anyone, "GET", "/networks/lookup", "lookup-network", "Which lists cover an address, what matters most first", func(_ context.Context, in *struct {
		Address string `query:"address" required:"true"`
	},
	) ([]client.Found, error) {
		address, err := netip.ParseAddr(in.Address)
		if err != nil {
			return nil, fmt.Errorf("%w: address %q: want one such as 203.0.113.7", errInvalid, in.Address)
		}
		return client.Lists(a.Networks.Lookup(address)), nil
	})
	op(a, everywhere(access.Change), "POST", "/networks/refresh", "refresh-network", "Renew one list now", func(ctx context.Context, in *struct {
		Body struct {
			Name    string `json:"name" minLength:"1"`
			AnySize bool   `json:"any_size,omitempty" doc:"believe the download however much smaller it is"`
		}
	},
	) (ListState, error) {
		err := a.Networks.Refresh(ctx, in.Body.Name, in.Body.AnySize)
		for _, s := range a.Networks.Status() {
			if s.Name == in.Body.Name {
				return listState(s), nil // what went wrong is in its state
			}
		}
		return ListState{}, err
	})
}
