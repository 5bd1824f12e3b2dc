package store

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

type liteError int

func (e liteError) Error() string { return fmt.Sprintf("sqlite says %d", int(e)) }
func (e liteError) Code() int     { return int(e) }

type pgError string

func (e pgError) Error() string    { return "postgres says " + string(e) }
func (e pgError) SQLState() string { return string(e) }

func TestExplain(t *testing.T) {
	cases := []struct {
		err  error
		kind error // nil: the driver's own stays in it
		want string
	}{
		{liteError(2067), ErrConflict, "one of that name already"},
		{liteError(1555), ErrConflict, "one of that name already"},
		{pgError("23505"), ErrConflict, "one of that name already"},
		{liteError(787), ErrNotFound, "no such site"},
		{pgError("23503"), ErrNotFound, "no such site"},
		{liteError(13), nil, "the disk is full: make room"},
		{pgError("53100"), nil, "the disk is full: make room"},
		{liteError(778), nil, "the disk refused a write or read"},
		{liteError(266), nil, "the disk refused a write or read"},
		{pgError("58030"), nil, "the disk refused a write or read"},
		{liteError(8), nil, "check who owns its file and folder"},
		{liteError(1544), nil, "check who owns its file and folder"},
		{liteError(14), nil, "check who owns its file and folder"},
		{pgError("25006"), nil, "check who owns its file and folder"},
		{liteError(11), nil, "restore a backup"},
		{pgError("XX001"), nil, "restore a backup"},
		{liteError(5), nil, "another program holds the database"},
		{liteError(517), nil, "another program holds the database"},
		{pgError("22021"), nil, "holds the byte zero"},
		{pgError("53300"), nil, "raise its max_connections"},
		{pgError("57P01"), nil, "cannot be reached: is it running?"},
		{pgError("57P03"), nil, "cannot be reached: is it running?"},
		{pgError("08006"), nil, "cannot be reached: is it running?"},
		{&net.OpError{Op: "dial", Net: "unix", Err: syscall.ECONNREFUSED}, nil, "cannot be reached: is it running?"},
	}
	for _, c := range cases {
		got := explain(fmt.Errorf("running a statement: %w", c.err))
		kind := c.kind
		if kind == nil {
			kind = c.err
		}
		if !errors.Is(got, kind) || !strings.Contains(got.Error(), c.want) {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
	if len(cases) < 24 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, plain := range []error{errors.New("something else"), ErrNotFound, liteError(1), pgError("42601")} {
		if got := explain(plain); got != plain { //nolint:errorlint // the very same, not one round it
			t.Errorf("%v became %v", plain, got)
		}
	}
}
