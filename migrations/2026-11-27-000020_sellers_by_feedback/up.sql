-- A filter by feedback read the whole table. Feedback moves seldom: most sightings repeat it, and touch no index for it.
CREATE INDEX sellers_by_feedback ON sellers (org_id, feedback_tenths, normalised_name, id) WHERE removed_at IS NULL;
