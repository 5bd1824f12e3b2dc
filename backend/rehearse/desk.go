package rehearse

import (
	"context"
	"errors"
	"sync"
	"time"

	"palisade.dev/guard/wire"
)

// Bounds of a desk.
const (
	maxJobs  = 32            // kept, each with a report of some 10 KiB
	maxLine  = 8             // that wait or are under way
	keepJobs = 2 * time.Hour // after their end
)

// ErrBusy says that too many rehearsals wait.
var ErrBusy = errors.New("too many rehearsals are waiting; try again in a minute")

// Job is a rehearsal that somebody asked for.
type Job struct {
	ID       string
	Site     string
	Rule     wire.Rule
	Was      string // version of the kept rule that it is a change of
	Same     string // equal for drafts that decide alike
	Back     time.Duration
	Author   string
	Asked    time.Time
	Stored   int // requests in that time, by the counts
	Running  bool
	Done     bool
	Ended    time.Time
	Progress Progress
	Report   Report
	Fault    string
}

// Standing is a rule that is in rehearsal at the guards, and when it was last changed, in unix milliseconds; 0 is ever since.
type Standing struct {
	Rule  wire.Rule
	Since int64
}

// Desk is where rehearsals are asked for and fetched: one runs at a time, since each takes a processor and some 100 MiB,
// and the others wait in line. It forgets them two hours after their end, and with the process.
type Desk struct {
	now  func() time.Time
	id   func() string
	turn chan struct{}
	ctx  context.Context
	end  context.CancelFunc

	mu     sync.Mutex
	jobs   []*Job // the newest last
	closed bool
	under  sync.WaitGroup
}

// NewDesk opens a desk; Close ends what it has under way.
func NewDesk(now func() time.Time, id func() string) *Desk {
	ctx, end := context.WithCancel(context.Background())
	return &Desk{now: now, id: id, turn: make(chan struct{}, 1), ctx: ctx, end: end}
}

// Close ends what is under way and waits for it.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.end()
	d.under.Wait()
}

// Turn waits until nobody else rehearses. Whoever has the turn must leave.
func (d *Desk) Turn(ctx context.Context) (leave func(), err error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.ctx.Done():
		return nil, d.ctx.Err()
	}
}

// Begin puts a job in line. Run is told a function by which to tell how far it is.
func (d *Desk) Begin(j Job, run func(ctx context.Context, told func(Progress)) (Report, error)) (Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget()
	waiting := 0
	for _, x := range d.jobs {
		if !x.Done {
			waiting++
		}
	}
	if waiting >= maxLine || d.closed {
		return Job{}, ErrBusy
	}
	j.ID, j.Asked = d.id(), d.now()
	mine := &j
	d.jobs = append(d.jobs, mine)
	d.under.Go(func() {
		leave, err := d.Turn(d.ctx)
		if err == nil {
			defer leave()
			d.set(func() { mine.Running = true })
			var rep Report
			rep, err = run(d.ctx, func(p Progress) { d.set(func() { mine.Progress = p }) })
			d.set(func() { mine.Report = rep })
		}
		d.set(func() {
			mine.Running, mine.Done, mine.Ended = false, true, d.now()
			if err != nil {
				mine.Fault = err.Error()
			}
		})
	})
	return j, nil
}

func (d *Desk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// forget drops finished jobs that are old, and the oldest of too many.
func (d *Desk) forget() {
	var left []*Job
	spare := len(d.jobs) - maxJobs + 1
	for _, j := range d.jobs {
		if j.Done && (spare > 0 || d.now().Sub(j.Ended) > keepJobs) {
			spare--
			continue
		}
		left = append(left, j)
	}
	d.jobs = left
}

// Job finds a job of a site.
func (d *Desk) Job(site, id string) (Job, bool) {
	return d.Newest(site, func(j Job) bool { return j.ID == id })
}

// Newest finds the newest job of a site that is as wanted.
func (d *Desk) Newest(site string, wanted func(Job) bool) (Job, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.jobs) - 1; i >= 0; i-- {
		if j := *d.jobs[i]; j.Site == site && wanted(j) && !(j.Done && d.now().Sub(j.Ended) > keepJobs) {
			return j, true
		}
	}
	return Job{}, false
}
