-- +goose Up
-- A link that a refused person was given, and what they said by it. code is a hash: who reads the table can use no link.
CREATE TABLE appeal (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, ban TEXT NOT NULL, subject TEXT NOT NULL,
  code BYTEA NOT NULL UNIQUE, author TEXT NOT NULL, created BIGINT NOT NULL, until BIGINT NOT NULL,
  said TEXT NOT NULL, contact TEXT NOT NULL, sent BIGINT NOT NULL,
  answer TEXT NOT NULL, reason TEXT NOT NULL, answerer TEXT NOT NULL, answered BIGINT NOT NULL
);
CREATE INDEX appeal_ban ON appeal (ban) WHERE sent = 0;
CREATE INDEX appeal_sent ON appeal (site, id) WHERE sent > 0;
CREATE INDEX appeal_waiting ON appeal (site, id, sent, answered) WHERE sent > 0 AND answered = 0;
CREATE INDEX appeal_site ON appeal (site);
CREATE INDEX appeal_created ON appeal (created);
