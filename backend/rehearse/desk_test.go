package rehearse

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// TestOneAtATime: the others wait in line, which has an end; and closing the desk leaves nobody waiting.
func TestOneAtATime(t *testing.T) {
	n := 0
	d := NewDesk(func() time.Time { return noon }, func() string { n++; return fmt.Sprint(n) })
	var running, most atomic.Int32
	began, over := make(chan string), make(chan struct{})
	run := func(ctx context.Context, told func(Progress)) (Report, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		told(Progress{Requests: 7})
		select {
		case began <- "":
		case <-ctx.Done():
			return Report{}, ctx.Err()
		}
		select {
		case <-over:
			return Report{Refused: 3}, nil
		case <-ctx.Done():
			return Report{}, ctx.Err()
		}
	}
	for range maxLine {
		if _, err := d.Begin(Job{Site: "s"}, run); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Begin(Job{Site: "s"}, run); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	<-began
	if j, ok := d.Newest("s", func(j Job) bool { return j.Running }); !ok || j.Progress.Requests != 7 || j.Done {
		t.Errorf("%+v", j)
	}
	over <- struct{}{}
	<-began
	if j, ok := d.Newest("s", func(j Job) bool { return j.Done }); !ok || j.Report.Refused != 3 || j.Fault != "" {
		t.Errorf("%+v", j)
	}
	d.Close()
	if most.Load() != 1 {
		t.Errorf("%d at a time", most.Load())
	}
	if _, ok := d.Newest("s", func(j Job) bool { return !j.Done }); ok {
		t.Error("somebody waits at a closed desk")
	}
	if _, err := d.Begin(Job{Site: "s"}, run); err == nil {
		t.Error("a closed desk takes on work")
	}
	if _, err := d.Turn(context.Background()); err == nil {
		t.Error("a closed desk gives turns")
	}
}

func TestADeskForgets(t *testing.T) {
	now, n := noon, 0
	d := NewDesk(func() time.Time { return now }, func() string { n++; return fmt.Sprint(n) })
	defer d.Close()
	for range maxJobs + 5 {
		done := make(chan struct{})
		if _, err := d.Begin(Job{Site: "s"}, func(context.Context, func(Progress)) (Report, error) { close(done); return Report{}, nil }); err != nil {
			t.Fatal(err)
		}
		<-done
		d.under.Wait()
	}
	if len(d.jobs) > maxJobs {
		t.Errorf("%d are kept", len(d.jobs))
	}
	if _, ok := d.Job("s", "1"); ok {
		t.Error("the oldest is there yet")
	}
	if _, ok := d.Job("s", fmt.Sprint(n)); !ok {
		t.Error("the newest is gone")
	}
	now = now.Add(keepJobs + time.Second)
	if _, ok := d.Job("s", fmt.Sprint(n)); ok {
		t.Error("it is kept for ever")
	}
}
