-- The lean schema of the bare contestants: what the work needs at least.
CREATE SCHEMA bare;

CREATE TABLE bare.tokens (
  hash text PRIMARY KEY,
  organization_id uuid NOT NULL
);

CREATE TABLE bare.pools (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  product_id uuid NOT NULL,
  capacity integer NOT NULL,
  taken integer NOT NULL DEFAULT 0,
  active boolean NOT NULL DEFAULT true,
  UNIQUE (organization_id, subscription_id)
);

CREATE TABLE bare.members (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  email text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (customer_id, email)
);
CREATE INDEX ON bare.members (organization_id, email);

CREATE TABLE bare.seats (
  id uuid PRIMARY KEY,
  pool_id uuid NOT NULL REFERENCES bare.pools,
  member_id uuid NOT NULL REFERENCES bare.members,
  email text NOT NULL,
  status text NOT NULL,
  created_at timestamptz NOT NULL,
  invitation_hash text UNIQUE,
  invitation_expires_at timestamptz,
  claimed_at timestamptz,
  UNIQUE (pool_id, member_id)
);
CREATE INDEX ON bare.seats (member_id);
CREATE INDEX ON bare.seats (pool_id, created_at, id);

CREATE TABLE bare.sessions (
  hash text PRIMARY KEY,
  member_id uuid NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE bare.events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id uuid NOT NULL,
  seat_id uuid NOT NULL,
  type text NOT NULL,
  created_at timestamptz NOT NULL,
  data jsonb NOT NULL
);

-- Numbers the invitations that pgbench claims.
CREATE SEQUENCE bare.claims MINVALUE 0;
