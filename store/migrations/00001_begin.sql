-- +goose Up
CREATE TABLE site (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, environment TEXT NOT NULL, zone TEXT NOT NULL,
  web_facing BOOLEAN NOT NULL, personal_data BOOLEAN NOT NULL,
  secret BYTEA NOT NULL, settings TEXT NOT NULL, created BIGINT NOT NULL, revision BIGINT NOT NULL
);
CREATE TABLE site_key (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, label TEXT NOT NULL,
  hash BYTEA NOT NULL UNIQUE, created BIGINT NOT NULL, last_used BIGINT NOT NULL, revoked BIGINT NOT NULL
);
CREATE INDEX site_key_site ON site_key (site);
CREATE TABLE rule (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, name TEXT NOT NULL, body TEXT NOT NULL,
  position BIGINT NOT NULL, mode TEXT NOT NULL, source TEXT NOT NULL, author TEXT NOT NULL, updated BIGINT NOT NULL,
  UNIQUE (site, name)
);
CREATE TABLE document (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  source TEXT NOT NULL, author TEXT NOT NULL, updated BIGINT NOT NULL,
  PRIMARY KEY (site, kind, name)
);
-- standing is cleared when a ban is lifted or found to have run out, so that the indexes below hold only what counts. A
-- subject of a site has one standing ban at most.
CREATE TABLE ban (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, subject TEXT NOT NULL, source TEXT NOT NULL,
  rule TEXT NOT NULL, note TEXT NOT NULL, author TEXT NOT NULL, revision BIGINT NOT NULL, created BIGINT NOT NULL,
  until BIGINT NOT NULL, lifted BIGINT NOT NULL, strikes BIGINT NOT NULL, standing BOOLEAN NOT NULL, proof TEXT NOT NULL
);
CREATE INDEX ban_subject ON ban (site, subject, created);
CREATE UNIQUE INDEX ban_one ON ban (site, subject) WHERE standing;
CREATE INDEX ban_standing ON ban (site, id, until, standing) WHERE standing; -- standing is in it for SQLite to count in it
CREATE INDEX ban_until ON ban (until) WHERE standing;
CREATE INDEX ban_past ON ban (created) WHERE NOT standing;
CREATE TABLE allowance (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, subject TEXT NOT NULL, note TEXT NOT NULL,
  author TEXT NOT NULL, created BIGINT NOT NULL, until BIGINT NOT NULL, removed BIGINT NOT NULL
);
CREATE INDEX allowance_site ON allowance (site, removed, subject);
CREATE TABLE lever (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, match TEXT NOT NULL, position TEXT NOT NULL,
  author TEXT NOT NULL, note TEXT NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL, ended BIGINT NOT NULL
);
CREATE INDEX lever_until ON lever (site, until);
CREATE TABLE principal (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, key TEXT NOT NULL, account TEXT NOT NULL, label TEXT NOT NULL,
  created BIGINT NOT NULL, PRIMARY KEY (site, key)
);
CREATE TABLE network_list (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, checksum TEXT NOT NULL, prefixes BYTEA NOT NULL
);
-- Network lists that people wrote; text is as they typed it, with their comments.
CREATE TABLE own_list (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL,
  created BIGINT NOT NULL, updated BIGINT NOT NULL
);
CREATE TABLE guard (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, id TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL,
  runtime TEXT NOT NULL, host TEXT NOT NULL, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, revision BIGINT NOT NULL,
  since BIGINT NOT NULL, fault TEXT NOT NULL, dropped BIGINT NOT NULL, modules TEXT NOT NULL,
  PRIMARY KEY (site, id)
);
CREATE TABLE change (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, revision BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL, author TEXT NOT NULL,
  PRIMARY KEY (site, revision, kind, subject)
);
CREATE INDEX change_at ON change (at);
CREATE TABLE seen (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, guard TEXT NOT NULL, boot TEXT NOT NULL, at BIGINT NOT NULL,
  body BYTEA NOT NULL, PRIMARY KEY (site, guard, boot)
);
CREATE TABLE segment (
  site TEXT NOT NULL, day BIGINT NOT NULL, id BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
  count BIGINT NOT NULL, sealed BOOLEAN NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (site, day, id)
);
CREATE INDEX segment_day ON segment (day);
CREATE TABLE rollup (
  site TEXT NOT NULL, span TEXT NOT NULL, start BIGINT NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (site, span, start)
);
CREATE INDEX rollup_start ON rollup (start);
CREATE TABLE setting (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
