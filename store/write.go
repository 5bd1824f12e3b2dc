package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// A job is one caller's part of a transaction.
type job struct {
	f      func(context.Context, *sql.Tx) error
	ctx    context.Context
	err    error
	panics any // what f panicked with, for its caller: another may be doing its work
	done   chan struct{}
}

// errAbandoned is what a job has come to until it is known better, so that none is confirmed by a way out nobody thought of.
var errAbandoned = errors.New("it was abandoned in the middle")

// do runs f.
func (j *job) do(ctx context.Context, tx *sql.Tx) (err error) {
	err = errAbandoned //nolint:wastedassign // what a panic leaves
	defer func() {
		if p := recover(); p != nil {
			j.panics = fmt.Sprintf("%v\n\n%s", p, debug.Stack())
		}
	}()
	return j.f(ctx, tx)
}

// together is how many waiting jobs share a transaction: each flush of the disk then confirms all of them. More would make
// the first wait for the last.
const together = 64

// tx runs f in a transaction. On SQLite, where only one can be open, those that wait meanwhile are done together in the
// next, each behind a savepoint so that one's failure is not another's. f must use the context it is given: the caller's
// could be cancelled in the middle, which on SQLite rolls back what others did.
func (db *DB) tx(ctx context.Context, what string, f func(context.Context, *sql.Tx) error) error {
	var err error
	if db.dialect == PostgreSQL {
		err = db.alone(ctx, f)
	} else {
		err = db.queued(ctx, f)
	}
	if err != nil && !errors.Is(err, errUnchanged) {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	return err
}

func (db *DB) queued(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{f: f, ctx: context.WithoutCancel(ctx), err: errAbandoned, done: make(chan struct{})}
	db.mu.Lock()
	db.queue = append(db.queue, j)
	db.mu.Unlock()
	for {
		select {
		case <-j.done:
			if j.panics != nil {
				panic(j.panics)
			}
			return j.err
		case <-ctx.Done():
			if db.withdraw(j) {
				return ctx.Err()
			}
			ctx = j.ctx // it has begun: what comes of it is waited for
		case db.turn <- struct{}{}:
			db.takeTurn()
		}
	}
}

// takeTurn does what waits, for who holds the turn.
func (db *DB) takeTurn() {
	defer func() { <-db.turn }()
	db.run(db.next())
}

// next takes the jobs of the next transaction from the queue.
func (db *DB) next() []*job {
	db.mu.Lock()
	defer db.mu.Unlock()
	n := min(len(db.queue), together)
	jobs := slices.Clone(db.queue[:n])
	db.queue = slices.Delete(db.queue, 0, n)
	return jobs
}

// withdraw takes a job back that has not begun.
func (db *DB) withdraw(j *job) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	i := slices.Index(db.queue, j)
	if i < 0 {
		return false
	}
	db.queue = slices.Delete(db.queue, i, i+1)
	return true
}

// run does jobs in one transaction. Where that as a whole fails, all of them do.
func (db *DB) run(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	if len(jobs) == 1 {
		jobs[0].err = db.alone(jobs[0].ctx, jobs[0].do)
		return
	}
	results := make([]error, len(jobs))
	err := func() error {
		ctx := context.Background()
		tx, err := db.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		for i, j := range jobs {
			if _, err := tx.ExecContext(ctx, `SAVEPOINT job`); err != nil {
				return err
			}
			if results[i] = j.do(j.ctx, tx); results[i] != nil {
				// A full disk may have undone the transaction already; then this fails, and so do all.
				if _, err := tx.ExecContext(ctx, `ROLLBACK TO job`); err != nil {
					return errors.Join(results[i], err)
				}
			}
			if _, err := tx.ExecContext(ctx, `RELEASE job`); err != nil {
				return err
			}
		}
		return tx.Commit()
	}()
	for i, j := range jobs {
		if j.err = results[i]; err != nil {
			j.err = err
		}
	}
}

// alone runs f in a transaction of its own.
func (db *DB) alone(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// exec runs one statement in a transaction.
func (db *DB) exec(ctx context.Context, what, statement string, args ...any) error {
	return db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	})
}

// shed runs a bounded DELETE or UPDATE until nothing is left for it, a transaction each time, so that others' writes come
// between.
func (db *DB) shed(ctx context.Context, what, statement string, args ...any) (total int64, err error) {
	for {
		var n int64
		err := db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, statement, args...)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// some turns a statement that found nothing to change into ErrNotFound.
func some(res sql.Result, err error, missing string) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, missing)
	}
	return err
}
