-- +goose Up
-- A scan that is run again and again. lease is until when a back end holds it, so that of several one runs it.
CREATE TABLE monitor (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, kind TEXT NOT NULL, target TEXT NOT NULL, settings TEXT NOT NULL, schedule TEXT NOT NULL,
  paused BIGINT NOT NULL, author TEXT NOT NULL, created BIGINT NOT NULL, next BIGINT NOT NULL, lease BIGINT NOT NULL, last BIGINT NOT NULL, scan TEXT NOT NULL, fault TEXT NOT NULL, failed BIGINT NOT NULL
);
CREATE INDEX monitor_site ON monitor (site, id);
CREATE INDEX monitor_due ON monitor (next) WHERE paused = 0;
