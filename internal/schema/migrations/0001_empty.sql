-- +goose Up
-- Tables begin with 0002; the roles they name come from roles.sql beside this folder, before any number.
SELECT 1;
