-- Invitations of new organizations last 7 days. Existing organizations keep their setting.
ALTER TABLE organizations ALTER COLUMN invitation_expires_in SET DEFAULT 604800;
