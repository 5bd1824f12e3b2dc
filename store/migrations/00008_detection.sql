-- +goose Up
-- What was concluded from events, with its evidence. An open one grows with what happens; one that was answered "harmless"
-- keeps its recipe silent about the same key until a time.
CREATE TABLE detection (
  id TEXT PRIMARY KEY, site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE,
  recipe TEXT NOT NULL, version BIGINT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL, route TEXT NOT NULL,
  severity BIGINT NOT NULL, title TEXT NOT NULL, evidence TEXT NOT NULL,
  began BIGINT NOT NULL, last BIGINT NOT NULL, ended BIGINT NOT NULL,
  answer TEXT NOT NULL, reason TEXT NOT NULL, answerer TEXT NOT NULL, answered BIGINT NOT NULL, quiet BIGINT NOT NULL
);
CREATE UNIQUE INDEX detection_open ON detection (site, recipe, key) WHERE ended = 0;
CREATE INDEX detection_last ON detection (last) WHERE ended = 0;
CREATE INDEX detection_site ON detection (site, id);
CREATE INDEX detection_quiet ON detection (site, recipe, key, quiet) WHERE quiet > 0;
CREATE INDEX detection_ended ON detection (ended) WHERE ended > 0;
