package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// AlertChannel is a place where alerts go.
type AlertChannel struct {
	ID       string
	Kind     string // email, slack or webhook
	Name     string
	Settings string // JSON, with secrets
	Hears    string // JSON: which alerts
	Muted    int64  // until when; 0 is not
	Created  int64
	Updated  int64
}

const alertChannelColumns = `id, kind, name, settings, hears, muted, created, updated`

func scanAlertChannel(r scanner) (c AlertChannel, err error) {
	return c, r.Scan(&c.ID, &c.Kind, &c.Name, &c.Settings, &c.Hears, &c.Muted, &c.Created, &c.Updated)
}

// PutAlertChannel inserts a channel or changes the one of its id. A name that another has is a conflict.
func (db *DB) PutAlertChannel(ctx context.Context, c AlertChannel) error {
	return db.exec(ctx, "keeping channel "+c.Name, `INSERT INTO alert_channel (`+alertChannelColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings, hears = excluded.hears, muted = excluded.muted, updated = excluded.updated`,
		c.ID, c.Kind, c.Name, c.Settings, c.Hears, c.Muted, c.Created, c.Updated)
}

// DeleteAlertChannel takes a channel away, with what it was still to be told. The log of what it was told stays.
func (db *DB) DeleteAlertChannel(ctx context.Context, id string) error {
	return db.tx(ctx, "deleting a channel", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM alert_channel WHERE id = $1`, id)
		return some(res, err, "no channel "+id)
	})
}

// AlertChannel finds a channel.
func (db *DB) AlertChannel(ctx context.Context, id string) (AlertChannel, error) {
	c, err := scanAlertChannel(db.read.QueryRowContext(ctx, `SELECT `+alertChannelColumns+` FROM alert_channel WHERE id = $1`, id))
	return c, one(err, "channel "+id)
}

// AlertChannels gives all channels by name.
func (db *DB) AlertChannels(ctx context.Context) ([]AlertChannel, error) {
	return list(ctx, db, "reading channels", scanRow(scanAlertChannel), `SELECT `+alertChannelColumns+` FROM alert_channel ORDER BY name`)
}

// AlertEntry is some alerts of one key, for the channels that hear them.
type AlertEntry struct {
	Key      string
	Told     []string // what makes each of them itself; "" is always new
	Body     string   // JSON of the newest
	Group    string   // id of the group, where they open one
	Channels []string
}

// TellAlerts counts alerts into their groups, opens groups where there are none, and makes each of their channels due. A
// group stays open for quiet milliseconds after its last alert and most of them after its first. Those told before are left
// out; all of it happens or nothing. Entries of several callers should come in the order of their keys, so that no two wait
// for each other.
func (db *DB) TellAlerts(ctx context.Context, entries []AlertEntry, at, quiet, most int64) error {
	return db.tx(ctx, "keeping alerts", func(ctx context.Context, tx *sql.Tx) error {
		for _, e := range entries {
			if err := tellAlert(ctx, tx, e, at, quiet, most); err != nil {
				return err
			}
		}
		return nil
	})
}

func tellAlert(ctx context.Context, tx *sql.Tx, e AlertEntry, at, quiet, most int64) error {
	fresh := 0
	for _, id := range e.Told {
		if id != "" {
			res, err := tx.ExecContext(ctx, `INSERT INTO alert_told (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, at)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
		}
		fresh++
	}
	if fresh == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE alert_group SET ended = closes WHERE key = $1 AND ended = 0 AND closes <= $2`, e.Key, at); err != nil {
		return err
	}
	var group string
	err := tx.QueryRowContext(ctx, `INSERT INTO alert_group (id, key, first, newest, count, opened, last, closes, ended) VALUES ($1, $2, $3, $3, $4, $5, $5, $6, 0)
		ON CONFLICT (key) WHERE ended = 0 DO UPDATE SET newest = excluded.newest, count = alert_group.count + excluded.count,
			last = CASE WHEN excluded.last > alert_group.last THEN excluded.last ELSE alert_group.last END,
			closes = CASE WHEN excluded.closes < alert_group.opened + $7 THEN excluded.closes ELSE alert_group.opened + $7 END
		RETURNING id`, e.Group, e.Key, e.Body, fresh, at, at+quiet, most).Scan(&group)
	if err != nil {
		return err
	}
	for _, c := range e.Channels {
		// From the table of channels, as one may have been deleted since it was looked up.
		_, err := tx.ExecContext(ctx, `INSERT INTO alert_thread (alert_group, channel, sequence, told, state, frozen, began, attempts, due, lease, holder)
			SELECT $1, id, 0, 0, '', '', 0, 0, $3, 0, '' FROM alert_channel WHERE id = $2 ON CONFLICT (alert_group, channel) DO NOTHING`, group, c, at)
		if err != nil {
			return err
		}
	}
	return nil
}

// AlertGroup is alerts that make one message.
type AlertGroup struct {
	ID     string
	Key    string
	First  string // JSON
	Newest string // JSON
	Count  int64
	Opened int64
	Last   int64
	Closes int64
	Ended  int64 // 0 while it is open
}

const alertGroupColumns = `id, key, first, newest, count, opened, last, closes, ended`

func scanAlertGroup(r scanner) (g AlertGroup, err error) {
	return g, r.Scan(&g.ID, &g.Key, &g.First, &g.Newest, &g.Count, &g.Opened, &g.Last, &g.Closes, &g.Ended)
}

// AlertGroup finds a group.
func (db *DB) AlertGroup(ctx context.Context, id string) (AlertGroup, error) {
	g, err := scanAlertGroup(db.read.QueryRowContext(ctx, `SELECT `+alertGroupColumns+` FROM alert_group WHERE id = $1`, id))
	return g, one(err, "group of alerts "+id)
}

// AlertThread is what one channel has been told of one group.
type AlertThread struct {
	Group    string
	Channel  string
	Sequence int64  // of the message that is next
	Told     int64  // how many alerts have been told
	State    string // the sink's own
	Frozen   string // JSON: what the next message says, once it has been tried
	Began    int64  // when that was first tried; before, when the last one was sent
	Attempts int64  // of the next message, with the one under way
	Due      int64
	Holder   string
}

const alertThreadColumns = `alert_group, channel, sequence, told, state, frozen, began, attempts, due, holder`

// AlertsDue lists the channels that have something to be told at a time, and are not muted.
func (db *DB) AlertsDue(ctx context.Context, at int64) ([]string, error) {
	return list(ctx, db, "looking for alerts to deliver", func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) },
		`SELECT DISTINCT t.channel FROM alert_thread t JOIN alert_channel c ON c.id = t.channel WHERE t.due <= $1 AND t.lease <= $1 AND c.muted <= $1 ORDER BY t.channel`, at)
}

// ClaimAlert gives what is longest due in a channel to a holder until its lease ends, and the group as it is then: one that
// is to close by now is ended. Where nothing is due, or another was quicker, it is ErrNotFound.
func (db *DB) ClaimAlert(ctx context.Context, channel, holder string, at, lease int64) (t AlertThread, g AlertGroup, err error) {
	err = db.tx(ctx, "claiming an alert", func(ctx context.Context, tx *sql.Tx) error {
		// The conditions stand twice: PostgreSQL looks at the outer ones again after waiting for another claim of the row.
		err := tx.QueryRowContext(ctx, `UPDATE alert_thread SET holder = $2, lease = $4, attempts = attempts + 1
			WHERE channel = $1 AND due <= $3 AND lease <= $3 AND alert_group =
				(SELECT alert_group FROM alert_thread WHERE channel = $1 AND due <= $3 AND lease <= $3 ORDER BY due, alert_group LIMIT 1)
			RETURNING `+alertThreadColumns, channel, holder, at, lease).
			Scan(&t.Group, &t.Channel, &t.Sequence, &t.Told, &t.State, &t.Frozen, &t.Began, &t.Attempts, &t.Due, &t.Holder)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE alert_group SET ended = closes WHERE id = $1 AND ended = 0 AND closes <= $2`, t.Group, at); err != nil {
			return err
		}
		g, err = scanAlertGroup(tx.QueryRowContext(ctx, `SELECT `+alertGroupColumns+` FROM alert_group WHERE id = $1`, t.Group))
		return err
	})
	return t, g, err
}

// errLease says that another holds a thread by now.
func errLease(t AlertThread) error {
	return fmt.Errorf("%w: the lease on group %s for channel %s has ended and another may have it", ErrConflict, t.Group, t.Channel)
}

// held runs a statement that changes a thread which its holder still has; its first three arguments are which and who.
func held(ctx context.Context, tx *sql.Tx, t AlertThread, statement string, args ...any) error {
	res, err := tx.ExecContext(ctx, statement, append([]any{t.Group, t.Channel, t.Holder}, args...)...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return errLease(t)
	}
	return err
}

// FreezeAlert keeps what a message says before it is first tried, so that trying again says the same.
func (db *DB) FreezeAlert(ctx context.Context, t AlertThread) error {
	return db.tx(ctx, "keeping what an alert says", func(ctx context.Context, tx *sql.Tx) error {
		return held(ctx, tx, t, `UPDATE alert_thread SET frozen = $4, began = $5 WHERE alert_group = $1 AND channel = $2 AND holder = $3`, t.Frozen, t.Began)
	})
}

// AlertDelivery is one attempt to tell a channel, in the log.
type AlertDelivery struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Group   string `json:"group,omitempty"` // none of a test
	Message string `json:"message"`         // the id under which the other side knows it
	Title   string `json:"title"`
	Attempt int64  `json:"attempt"`
	At      int64  `json:"at"`
	Outcome string `json:"outcome"`
	Said    string `json:"said"`           // by the other side, or why it could not be asked
	Next    int64  `json:"next,omitempty"` // when it is tried again
}

const alertDeliveryColumns = `id, channel, alert_group, message, title, attempt, at, outcome, said, next`

// NoteAlertDelivery puts an attempt into the log.
func (db *DB) NoteAlertDelivery(ctx context.Context, d AlertDelivery) error {
	return db.tx(ctx, "noting a delivery", func(ctx context.Context, tx *sql.Tx) error { return noteDelivery(ctx, tx, d) })
}

func noteDelivery(ctx context.Context, tx *sql.Tx, d AlertDelivery) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO alert_delivery (`+alertDeliveryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		d.ID, d.Channel, d.Group, d.Message, d.Title, d.Attempt, d.At, d.Outcome, d.Said, d.Next)
	return err
}

// AlertSettled is what came of an attempt.
type AlertSettled struct {
	Thread   AlertThread    // as it goes on
	Delivery *AlertDelivery // nil where there was nothing to say
	Finished bool           // nothing more will be said
	Hold     int64          // nothing else in the channel is due before this
}

// SettleAlert ends a holder's lease with what came of it. Where the lease was lost, the attempt is still noted, and the
// answer is ErrConflict.
func (db *DB) SettleAlert(ctx context.Context, s AlertSettled) error {
	var lost error
	err := db.tx(ctx, "settling an alert", func(ctx context.Context, tx *sql.Tx) error {
		t := s.Thread
		if s.Finished {
			lost = held(ctx, tx, t, `DELETE FROM alert_thread WHERE alert_group = $1 AND channel = $2 AND holder = $3`)
		} else {
			lost = held(ctx, tx, t, `UPDATE alert_thread SET sequence = $4, told = $5, state = $6, frozen = $7, began = $8, attempts = $9, due = $10, lease = 0, holder = ''
				WHERE alert_group = $1 AND channel = $2 AND holder = $3`, t.Sequence, t.Told, t.State, t.Frozen, t.Began, t.Attempts, t.Due)
		}
		if lost != nil && !errors.Is(lost, ErrConflict) {
			return lost
		}
		if s.Hold > 0 {
			if _, err := tx.ExecContext(ctx, `UPDATE alert_thread SET due = $2 WHERE channel = $1 AND due < $2`, t.Channel, s.Hold); err != nil {
				return err
			}
		}
		if s.Delivery == nil {
			return nil
		}
		return noteDelivery(ctx, tx, *s.Delivery)
	})
	return errors.Join(err, lost)
}

// AlertDeliveries reads the log of a channel, or of all with "", newest first; before is the id of the last one seen.
func (db *DB) AlertDeliveries(ctx context.Context, channel, before string, limit int) ([]AlertDelivery, error) {
	query, args := `SELECT `+alertDeliveryColumns+` FROM alert_delivery WHERE TRUE`, []any{limit}
	add := func(condition, v string) {
		if v != "" {
			args = append(args, v)
			query += fmt.Sprintf(condition, len(args))
		}
	}
	add(` AND channel = $%d`, channel)
	add(` AND id < $%d`, before)
	return list(ctx, db, "reading the log of deliveries", func(r *sql.Rows) (d AlertDelivery, err error) {
		return d, r.Scan(&d.ID, &d.Channel, &d.Group, &d.Message, &d.Title, &d.Attempt, &d.At, &d.Outcome, &d.Said, &d.Next)
	}, query+` ORDER BY id DESC LIMIT $1`, args...)
}

// AlertsWaiting counts the groups of which a channel has not been told all.
func (db *DB) AlertsWaiting(ctx context.Context, channel string) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM alert_thread t JOIN alert_group g ON g.id = t.alert_group WHERE t.channel = $1 AND t.told < g.count`, channel).Scan(&n)
	return n, one(err, "counting alerts that wait")
}

// ForgetAlerts forgets log entries and groups older than a time, but no group that somebody is still to be told of; and
// what was told before another, which must be longer ago than anything is told twice.
func (db *DB) ForgetAlerts(ctx context.Context, before, told int64) error {
	_, err := db.shed(ctx, "forgetting old deliveries", `DELETE FROM alert_delivery WHERE id IN (SELECT id FROM alert_delivery WHERE at < $1 LIMIT 2000)`, before)
	if err != nil {
		return err
	}
	_, err = db.shed(ctx, "forgetting old alerts", `DELETE FROM alert_group WHERE id IN
		(SELECT id FROM alert_group g WHERE closes < $1 AND NOT EXISTS (SELECT 1 FROM alert_thread WHERE alert_group = g.id) LIMIT 2000)`, before)
	if err != nil {
		return err
	}
	_, err = db.shed(ctx, "forgetting what was told", `DELETE FROM alert_told WHERE id IN (SELECT id FROM alert_told WHERE at < $1 LIMIT 2000)`, told)
	return err
}

// AlertAbsence is a guard whose loss is known.
type AlertAbsence struct {
	Site     string
	Guard    string
	LastSeen int64
}

// AlertAbsences gives the guards of a site whose loss is known.
func (db *DB) AlertAbsences(ctx context.Context, site string) ([]AlertAbsence, error) {
	return list(ctx, db, "reading which guards are lost", func(r *sql.Rows) (a AlertAbsence, err error) {
		return a, r.Scan(&a.Site, &a.Guard, &a.LastSeen)
	}, `SELECT site, guard, last_seen FROM alert_absence WHERE site = $1 ORDER BY guard`, site)
}

// PutAlertAbsence notes that a guard's loss is known.
func (db *DB) PutAlertAbsence(ctx context.Context, a AlertAbsence) error {
	return db.exec(ctx, "noting that guard "+a.Guard+" is lost", `INSERT INTO alert_absence (site, guard, last_seen) VALUES ($1, $2, $3)
		ON CONFLICT (site, guard) DO UPDATE SET last_seen = excluded.last_seen`, a.Site, a.Guard, a.LastSeen)
}

// DeleteAlertAbsence notes that a guard is back, or forgotten.
func (db *DB) DeleteAlertAbsence(ctx context.Context, site, guard string) error {
	return db.exec(ctx, "noting that guard "+guard+" is back", `DELETE FROM alert_absence WHERE site = $1 AND guard = $2`, site, guard)
}
