-- +goose Up
-- A scan that was brought in: its counts for lists and charts, and the whole report, packed, as evidence.
CREATE TABLE scan (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, kind TEXT NOT NULL, target TEXT NOT NULL, tool TEXT NOT NULL,
  author TEXT NOT NULL, started BIGINT NOT NULL, ended BIGINT NOT NULL, kept BIGINT NOT NULL,
  critical BIGINT NOT NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL, info BIGINT NOT NULL,
  gaps BIGINT NOT NULL, checks BIGINT NOT NULL, score BIGINT NOT NULL, grade TEXT NOT NULL, hash BYTEA NOT NULL, body BYTEA NOT NULL
);
CREATE INDEX scan_site ON scan (site, id);
CREATE INDEX scan_kept ON scan (kept);
-- The newest scan of each kind, so that "last scanned" costs one look.
CREATE TABLE scanned (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, kind TEXT NOT NULL, at BIGINT NOT NULL, gaps BIGINT NOT NULL, PRIMARY KEY (site, kind)
);
-- What scans found, one row for each fault of a site, however often it was seen. resolved and accepted are times, 0 for neither.
CREATE TABLE finding (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, kind TEXT NOT NULL, target TEXT NOT NULL, fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL, title TEXT NOT NULL, severity BIGINT NOT NULL, place TEXT NOT NULL,
  first BIGINT NOT NULL, last BIGINT NOT NULL, scan TEXT NOT NULL, resolved BIGINT NOT NULL,
  accepted BIGINT NOT NULL, accepter TEXT NOT NULL, reason TEXT NOT NULL, until BIGINT NOT NULL, body TEXT NOT NULL,
  UNIQUE (site, kind, target, fingerprint)
);
CREATE INDEX finding_worst ON finding (site, resolved, severity DESC, id);
CREATE INDEX finding_open ON finding (site, severity, accepted, until) WHERE resolved = 0;
CREATE INDEX finding_gone ON finding (resolved) WHERE resolved > 0;
