-- +goose Up
-- settings hold secrets: addresses that let anybody post, and signing keys.
CREATE TABLE alert_channel (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, hears TEXT NOT NULL,
  muted BIGINT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL
);
-- What was told already, so that telling it again after a crash counts it once.
CREATE TABLE alert_told (id TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX alert_told_at ON alert_told (at);
-- Alerts that make one message. One group of a key is open at most; it closes when nothing came for a while.
CREATE TABLE alert_group (
  id TEXT PRIMARY KEY, key TEXT NOT NULL, first TEXT NOT NULL, newest TEXT NOT NULL, count BIGINT NOT NULL,
  opened BIGINT NOT NULL, last BIGINT NOT NULL, closes BIGINT NOT NULL, ended BIGINT NOT NULL
);
CREATE UNIQUE INDEX alert_group_open ON alert_group (key) WHERE ended = 0;
CREATE INDEX alert_group_closes ON alert_group (closes);
-- What one channel has been told of one group, and when it is to hear more.
CREATE TABLE alert_thread (
  alert_group TEXT NOT NULL REFERENCES alert_group (id) ON DELETE CASCADE,
  channel TEXT NOT NULL REFERENCES alert_channel (id) ON DELETE CASCADE,
  sequence BIGINT NOT NULL, told BIGINT NOT NULL, state TEXT NOT NULL, frozen TEXT NOT NULL, began BIGINT NOT NULL,
  attempts BIGINT NOT NULL, due BIGINT NOT NULL, lease BIGINT NOT NULL, holder TEXT NOT NULL,
  PRIMARY KEY (alert_group, channel)
);
CREATE INDEX alert_thread_channel ON alert_thread (channel, due);
CREATE INDEX alert_thread_due ON alert_thread (due);
CREATE TABLE alert_delivery (
  id TEXT PRIMARY KEY, channel TEXT NOT NULL, alert_group TEXT NOT NULL, message TEXT NOT NULL, title TEXT NOT NULL,
  attempt BIGINT NOT NULL, at BIGINT NOT NULL, outcome TEXT NOT NULL, said TEXT NOT NULL, next BIGINT NOT NULL
);
CREATE INDEX alert_delivery_channel ON alert_delivery (channel, id);
CREATE INDEX alert_delivery_at ON alert_delivery (at);
-- Guards whose loss was told, or is too old to be told.
CREATE TABLE alert_absence (
  site TEXT NOT NULL REFERENCES site (id) ON DELETE CASCADE, guard TEXT NOT NULL, last_seen BIGINT NOT NULL,
  PRIMARY KEY (site, guard)
);
