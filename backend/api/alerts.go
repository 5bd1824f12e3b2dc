package api

import (
	"context"
	"encoding/json"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/webhook"
	"palisade.dev/store"
)

// NewChannel is a channel that was just made.
type NewChannel struct {
	alert.Channel
	Secret string `json:"secret,omitempty" doc:"of a webhook: verify with it what comes; it is not shown again"`
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
			Kind     string          `json:"kind" maxLength:"20" doc:"email, slack or webhook"`
			Name     string          `json:"name" minLength:"1" maxLength:"60"`
			Settings json.RawMessage `json:"settings" doc:"email: {to: [addresses]}; slack: {url}; webhook: {url}"`
			Kinds    []string        `json:"kinds,omitempty" doc:"ban, lever, trap, guard-lost …; all unless given"`
			Severity string          `json:"severity,omitempty" enum:"info,low,medium,high,critical" doc:"and above"`
		}
	},
	) (NewChannel, error) {
		d := alert.Draft{Kind: in.Body.Kind, Name: in.Body.Name, Settings: in.Body.Settings}
		for _, k := range in.Body.Kinds {
			d.Hears.Kinds = append(d.Hears.Kinds, alert.Kind(k))
		}
		if in.Body.Severity != "" {
			if err := d.Hears.Severity.UnmarshalText([]byte(in.Body.Severity)); err != nil {
				return NewChannel{}, err
			}
		}
		var made NewChannel
		if d.Kind == "webhook" {
			var settings map[string]any
			var err error
			if json.Unmarshal(d.Settings, &settings) == nil && settings != nil && settings["secret"] == nil {
				if made.Secret, err = webhook.NewSecret(a.Rand); err != nil {
					return NewChannel{}, err
				}
				settings["secret"] = made.Secret
				if d.Settings, err = json.Marshal(settings); err != nil {
					return NewChannel{}, err
				}
			}
		}
		var err error
		if made.Channel, err = a.Alerts.AddChannel(ctx, d); err != nil {
			return NewChannel{}, err
		}
		return made, a.note(ctx, "adding an alert channel", made.ID, made.Name)
	})
	op(a, everywhere(access.Change), "DELETE", "/alerts/channels/{id}", "delete-alert-channel", "Send no more alerts there", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (done, error) {
		if err := a.Alerts.DeleteChannel(ctx, in.ID); err != nil {
			return done{}, err
		}
		return done{"channel " + in.ID + " is deleted"}, a.note(ctx, "deleting an alert channel", in.ID, "")
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

// note writes the audit log for what no other function of the store does.
func (a *api) note(ctx context.Context, action, id, later string) error {
	return a.DB.Note(ctx, store.Audited{At: a.Now().UnixMilli(), Author: author(ctx), Action: action, Subject: "channel " + id, Later: later})
}
