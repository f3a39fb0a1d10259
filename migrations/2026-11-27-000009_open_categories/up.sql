-- Whether a department is complete is asked with every category that ends: without this, each asks all categories.

CREATE INDEX collection_tasks_open_categories ON collection_tasks (org_id, run_id, department)
    WHERE NOT finished AND department IS NOT NULL;
