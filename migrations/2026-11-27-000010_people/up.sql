-- People: who signs in, where they are members, who is asked to come, and whose a token is.

-- A person belongs to no organisation: one may be a member of several.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
COMMENT ON COLUMN users.email_key IS 'the address in lower case: no two people differ by its case alone';
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC form; none while only a one-time link lets them in';

CREATE TABLE memberships (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_of_users ON memberships (user_id, created_at, org_id);

CREATE TABLE invitations (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    token_hash bytea NOT NULL UNIQUE,
    invited_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, invited_by) REFERENCES memberships (org_id, user_id) ON DELETE CASCADE
);
COMMENT ON COLUMN invitations.invited_by IS 'a member; what somebody promised who is gone does not stand';
CREATE INDEX invitations_open ON invitations (org_id, email_key) WHERE accepted_at IS NULL AND revoked_at IS NULL;

ALTER TABLE api_tokens
    ADD COLUMN user_id uuid,
    ADD COLUMN permissions text[],
    ADD CONSTRAINT api_tokens_org_id_user_id_fkey FOREIGN KEY (org_id, user_id)
        REFERENCES memberships (org_id, user_id) ON DELETE CASCADE;
COMMENT ON COLUMN api_tokens.user_id IS 'the member whose it is: it may never do more than they, and goes with them';
COMMENT ON COLUMN api_tokens.permissions IS 'none given: all that whoever it belongs to may do';
CREATE INDEX api_tokens_of_users ON api_tokens (user_id, org_id) WHERE user_id IS NOT NULL;
CREATE INDEX api_tokens_live ON api_tokens (org_id, id) WHERE kind = 'api' AND revoked_at IS NULL;
