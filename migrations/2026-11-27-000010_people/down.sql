DROP INDEX api_tokens_live;
DROP INDEX api_tokens_of_users;
ALTER TABLE api_tokens
    DROP COLUMN permissions,
    DROP COLUMN user_id;
DROP TABLE invitations;
DROP TABLE memberships;
DROP TABLE users;
