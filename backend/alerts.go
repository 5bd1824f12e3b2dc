package backend

import (
	"context"
	"encoding/binary"
	"io"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/email"
	"palisade.dev/backend/alert/post"
	"palisade.dev/backend/alert/slack"
	"palisade.dev/backend/alert/webhook"
	"palisade.dev/backend/appeal"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/finding"
	"palisade.dev/backend/watch"
	"palisade.dev/store"
)

// alerts makes what tells people, and lets it hear of bans and levers.
func (b *Backend) alerts() (*alert.Alerts, error) {
	client := post.NewClient(post.Options{Private: b.o.Private, Loopback: b.o.Private, Version: b.o.Version})
	sinks := map[string]alert.Sink{"slack": slack.New(client, b.o.Now), "webhook": webhook.New(client, b.o.Now)}
	if b.o.Mail != nil {
		mail, err := email.New(*b.o.Mail, b.o.Now)
		if err != nil {
			return nil, err
		}
		sinks["email"] = mail
	}
	a, err := alert.New(alert.Options{DB: b.DB, Sinks: sinks, Console: b.o.Console, Now: b.o.Now, ID: b.id, Chance: b.chance, Log: b.o.Log})
	if err != nil {
		return nil, err
	}
	b.Bans.Told = func(ctx context.Context, ban store.Ban) error {
		s, err := b.DB.SiteByID(ctx, ban.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.BanImposed(s, ban))
	}
	b.Levers.Told = func(ctx context.Context, l store.Lever) error {
		s, err := b.DB.SiteByID(ctx, l.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.LeverMoved(s, l))
	}
	b.Detections.Told = func(ctx context.Context, d store.Detection, e detect.Evidence) error {
		s, err := b.DB.SiteByID(ctx, d.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.Detected(s, d, e))
	}
	b.Findings = &finding.Findings{DB: b.DB, Now: b.o.Now, ID: b.id, Told: func(ctx context.Context, x store.Scan, brought store.Brought) error {
		s, err := b.DB.SiteByID(ctx, x.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.ScanBrought(s, x, brought))
	}}
	b.Watch = &watch.Watch{DB: b.DB, Findings: b.Findings, Now: b.o.Now, ID: b.id, Log: b.o.Log, Told: func(ctx context.Context, m store.Monitor) error {
		s, err := b.DB.SiteByID(ctx, m.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.MonitorFailed(s, m))
	}}
	b.Appeals, err = appeal.New(appeal.Options{DB: b.DB, Bans: b.Bans, Now: b.o.Now, ID: b.id, Rand: b.o.Rand, Told: func(ctx context.Context, x store.Appeal) error {
		s, err := b.DB.SiteByID(ctx, x.Site)
		if err != nil {
			return err
		}
		return a.Tell(ctx, alert.AppealSent(s, x))
	}})
	return a, err
}

// chance is a number in [0, 1).
func (b *Backend) chance() float64 {
	var n [8]byte
	if _, err := io.ReadFull(b.o.Rand, n[:]); err != nil {
		return 0.5
	}
	return float64(binary.LittleEndian.Uint64(n[:])>>11) / (1 << 53)
}
