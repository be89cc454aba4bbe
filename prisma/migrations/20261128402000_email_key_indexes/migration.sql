SET lock_timeout = '5s';

-- The indexes over lower(email) stay for processes of the previous release. The next release drops
-- them.
--
-- A database whose locale knows only ASCII may have two people whose e-mails differ only in the case
-- of a letter such as Ä. Then this fails and names the e-mail: change or delete one of the two, and
-- start again.

CREATE INDEX members_by_email_keys ON members (organization_id, email_key(email))
  WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX members_email_keys ON members (organization_id, customer_id, email_key(email))
  WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX customers_email_keys ON customers (organization_id, email_key(email))
  WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX seats_email_keys ON seats (organization_id, pool_id, email_key(email))
  WHERE status <> 'revoked';
