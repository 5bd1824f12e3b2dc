-- +goose Up
-- Entries are never changed or deleted. Each hash covers the one before it, so that a change in the middle shows.
CREATE TABLE audit (
  n BIGINT PRIMARY KEY, at BIGINT NOT NULL, site TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, earlier TEXT NOT NULL, later TEXT NOT NULL, hash BYTEA NOT NULL
);
CREATE INDEX audit_subject ON audit (site, subject, n);
-- The last entry's number and hash, from the first entry on. Writers update this row first, so that they follow each other.
CREATE TABLE audit_head (one BIGINT PRIMARY KEY, n BIGINT NOT NULL, hash BYTEA NOT NULL);
