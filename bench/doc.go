// Package bench puts the guard's limiter beside others of its kind, in one run on one machine. It is a module of its
// own, outside the workspace, so that nobody who builds Palisade downloads them.
package bench
