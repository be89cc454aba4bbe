SET lock_timeout = '5s';

-- Each assignment writes a new version of its pool's row. With room in the page, the version is a HOT
-- update, which writes no index, and PostgreSQL prunes old versions as soon as half of a page is used.
ALTER TABLE pools SET (
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- The defaults wait until a fifth of a table has changed, which is millions of rows in a large table.
-- A claim and a revocation leave a dead row, and counts read only the index where pages are vacuumed.
ALTER TABLE seats SET (autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE members SET (autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
