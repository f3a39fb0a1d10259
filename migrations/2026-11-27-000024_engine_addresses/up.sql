-- A command that prints a link has to know where the engine that runs is reached: it may listen on any port.
ALTER TABLE engines ADD COLUMN address text;
COMMENT ON COLUMN engines.address IS 'where a browser reaches it; null until it serves';
