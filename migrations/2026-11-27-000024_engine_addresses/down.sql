ALTER TABLE engines DROP COLUMN address;
