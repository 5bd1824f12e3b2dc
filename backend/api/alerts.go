package api

import (
	"context"
	"encoding/json"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/store"
)

// NewChannel is a channel that was just made.
type NewChannel struct {
	alert.Channel
	Secret string `json:"secret,omitempty" doc:"of a webhook: verify with it what comes; it is not shown again"`
}

// ChannelDraft is what a person says of a channel.
type ChannelDraft struct {
	Name     string          `json:"name" minLength:"1" maxLength:"60"`
	Settings json.RawMessage `json:"settings,omitempty" doc:"email: {to: [addresses]}; slack: {url}; webhook: {url}"`
	Kinds    []string        `json:"kinds,omitempty" doc:"ban, lever, trap, guard-lost …; all unless given"`
	Severity string          `json:"severity,omitempty" enum:"info,low,medium,high,critical" doc:"and above"`
	Sites    []string        `json:"sites,omitempty" doc:"ids of sites; all unless given"`
}

func (c ChannelDraft) draft() (alert.Draft, error) {
	d := alert.Draft{Name: c.Name, Settings: c.Settings}
	for _, k := range c.Kinds {
		d.Hears.Kinds = append(d.Hears.Kinds, alert.Kind(k))
	}
	d.Hears.Sites = c.Sites
	if c.Severity == "" {
		return d, nil
	}
	return d, d.Hears.Severity.UnmarshalText([]byte(c.Severity))
}

// Said is what the other side answered to a test.
type Said struct {
	Said string `json:"said"`
}

func (a *api) alerts() {
	op(a, everywhere(access.Change), "GET", "/alerts/channels", "list-alert-channels", "Where alerts go", func(ctx context.Context, _ *struct{}) ([]alert.Channel, error) {
		list, err := a.Alerts.Channels(ctx)
		return append([]alert.Channel{}, list...), err
	})
	op(a, everywhere(access.Change), "POST", "/alerts/channels", "add-alert-channel", "Send alerts to Slack, mail or a webhook", func(ctx context.Context, in *struct {
		Body struct {
			Kind string `json:"kind" maxLength:"20" doc:"email, slack or webhook"`
			ChannelDraft
		}
	},
	) (NewChannel, error) {
		d, err := in.Body.draft()
		if err != nil {
			return NewChannel{}, err
		}
		d.Kind = in.Body.Kind
		var made NewChannel
		made.Channel, made.Secret, err = a.Alerts.OpenChannel(ctx, d, a.Rand)
		return made, err
	})
	op(a, everywhere(access.Change), "PUT", "/alerts/channels/{id}", "put-alert-channel", "Change what a channel is called, where it leads and what it hears; a secret that is left out stays", func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body ChannelDraft
	},
	) (alert.Channel, error) {
		d, err := in.Body.draft()
		if err != nil {
			return alert.Channel{}, err
		}
		return a.Alerts.ChangeChannel(ctx, in.ID, d)
	})
	op(a, everywhere(access.Change), "POST", "/alerts/channels/{id}/mute", "mute-alert-channel", "Tell a channel nothing for a while", func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body struct {
			For string `json:"for,omitempty" doc:"such as 2h; nothing: it speaks again"`
		}
	},
	) (alert.Channel, error) {
		d, err := duration(in.Body.For)
		if err != nil {
			return alert.Channel{}, err
		}
		var until time.Time
		if d > 0 {
			until = a.Now().Add(d)
		}
		return a.Alerts.MuteChannel(ctx, in.ID, until)
	})
	op(a, everywhere(access.Change), "POST", "/alerts/channels/{id}/secret", "rotate-alert-secret", "Give a webhook a new secret; the one before is signed with as well until that is finished", func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body struct {
			Finish bool `json:"finish,omitempty" doc:"sign with the newest only"`
		}
	},
	) (made NewChannel, err error) {
		if in.Body.Finish {
			made.Channel, err = a.Alerts.FinishRotation(ctx, in.ID)
		} else {
			made.Channel, made.Secret, err = a.Alerts.RotateSecret(ctx, in.ID, a.Rand)
		}
		return made, err
	})
	op(a, everywhere(access.Change), "DELETE", "/alerts/channels/{id}", "delete-alert-channel", "Send no more alerts there", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (done, error) {
		return done{"channel " + in.ID + " is deleted"}, a.Alerts.DeleteChannel(ctx, in.ID)
	})
	op(a, everywhere(access.Change), "POST", "/alerts/channels/{id}/test", "test-alert-channel", "Send a test alert now", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (Said, error) {
		said, err := a.Alerts.Test(ctx, in.ID, author(ctx))
		return Said{said}, err
	})
	op(a, everywhere(access.Change), "GET", "/alerts/deliveries", "list-alert-deliveries", "What was sent where and what came back, newest first", func(ctx context.Context, in *struct {
		Channel string `query:"channel"`
		Before  string `query:"before" doc:"id of the last one seen"`
		Limit   int    `query:"limit" default:"50" minimum:"1" maximum:"500"`
	},
	) ([]store.AlertDelivery, error) {
		list, err := a.Alerts.Log(ctx, in.Channel, in.Before, in.Limit)
		return append([]store.AlertDelivery{}, list...), err
	})
}
