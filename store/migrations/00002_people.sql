-- +goose Up
-- Who keeps the last owner locks this row first, so that two who each remove one of two owners follow each other.
CREATE TABLE people_lock (one BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO people_lock (one, n) VALUES (1, 0);
-- totp is encrypted; totp_step is the last one used. E-mail addresses are in lower case.
CREATE TABLE person (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, created BIGINT NOT NULL, disabled BIGINT NOT NULL,
  password TEXT NOT NULL, totp BYTEA NOT NULL, totp_pending BYTEA NOT NULL, totp_step BIGINT NOT NULL
);
-- site is an id, or * for all; one is the same where it is an id, so that a site's roles go with it.
CREATE TABLE person_role (
  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, site TEXT NOT NULL, role TEXT NOT NULL,
  one TEXT REFERENCES site (id) ON DELETE CASCADE, PRIMARY KEY (person, site)
);
CREATE INDEX person_role_site ON person_role (site, role);
CREATE INDEX person_role_one ON person_role (one);
CREATE TABLE recovery_code (
  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, hash BYTEA NOT NULL,
  PRIMARY KEY (person, hash)
);
CREATE TABLE passkey (
  id TEXT PRIMARY KEY, credential BYTEA NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  name TEXT NOT NULL, body TEXT NOT NULL, created BIGINT NOT NULL, used BIGINT NOT NULL, cloned BIGINT NOT NULL
);
CREATE INDEX passkey_person ON passkey (person);
-- Accounts at an identity provider that are tied to a person.
CREATE TABLE person_identity (
  issuer TEXT NOT NULL, subject TEXT NOT NULL, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  email TEXT NOT NULL, created BIGINT NOT NULL, used BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX person_identity_person ON person_identity (person);
-- Links that let somebody in once: the first owner, an invited person, one who lost their way in.
CREATE TABLE entry_link (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, hash BYTEA NOT NULL UNIQUE, email TEXT NOT NULL, body TEXT NOT NULL,
  inviter TEXT NOT NULL, author TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE INDEX entry_link_email ON entry_link (email, kind);
CREATE INDEX entry_link_kind ON entry_link (kind, id);
CREATE INDEX entry_link_inviter ON entry_link (inviter);
CREATE INDEX entry_link_expires ON entry_link (expires);
-- What was begun and is to be finished within minutes: a sign-in that still lacks its second factor, a passkey's ceremony,
-- the way to an identity provider and back.
CREATE TABLE ceremony (
  hash BYTEA PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, body TEXT NOT NULL, tries BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE INDEX ceremony_kind ON ceremony (kind, expires);
CREATE INDEX ceremony_person ON ceremony (person);
CREATE INDEX ceremony_expires ON ceremony (expires);
CREATE TABLE session (
  id TEXT PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, method TEXT NOT NULL,
  created BIGINT NOT NULL, proved BIGINT NOT NULL, seen BIGINT NOT NULL, expires BIGINT NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
);
CREATE INDEX session_person ON session (person, seen);
CREATE INDEX session_expires ON session (expires);
CREATE INDEX session_seen ON session (seen);
CREATE TABLE token (
  id TEXT PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, name TEXT NOT NULL,
  scopes TEXT NOT NULL, sites TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL, used BIGINT NOT NULL, revoked BIGINT NOT NULL
);
CREATE INDEX token_person ON token (person);
CREATE INDEX token_expires ON token (expires);
CREATE TABLE signin (
  id TEXT PRIMARY KEY, at BIGINT NOT NULL, person TEXT NOT NULL, method TEXT NOT NULL, outcome TEXT NOT NULL,
  address TEXT NOT NULL, agent TEXT NOT NULL
);
CREATE INDEX signin_person ON signin (person, id);
CREATE INDEX signin_at ON signin (at);
