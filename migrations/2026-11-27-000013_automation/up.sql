-- What an organisation's runs are made of without anybody asking: its defaults, lists of categories, templates, and
-- schedules with what became of each of their moments.

CREATE TABLE collection_settings (
    org_id uuid PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    overrides jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN collection_settings.overrides IS
    'settings that the organisation chose; the others follow the configuration';

CREATE TABLE amazon_category_presets (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    category_ids text[] NOT NULL CHECK (cardinality(category_ids) > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name)
);

CREATE TABLE run_templates (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    category_ids text[] CHECK (cardinality(category_ids) > 0),
    preset_id uuid,
    overrides jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name),
    FOREIGN KEY (org_id, preset_id) REFERENCES amazon_category_presets (org_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(category_ids, preset_id) = 1)
);
CREATE INDEX run_templates_of_preset ON run_templates (org_id, preset_id) WHERE preset_id IS NOT NULL;

CREATE TABLE collection_schedules (
    org_id uuid NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    enabled boolean NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    category_ids text[] CHECK (cardinality(category_ids) > 0),
    preset_id uuid,
    template_id uuid,
    overrides jsonb NOT NULL,
    missed text NOT NULL CHECK (missed IN ('skip', 'run_once')),
    missed_within_minutes integer NOT NULL CHECK (missed_within_minutes > 0),
    next_due_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name),
    FOREIGN KEY (org_id, preset_id) REFERENCES amazon_category_presets (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, template_id) REFERENCES run_templates (org_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(category_ids, preset_id, template_id) = 1),
    CHECK (enabled OR next_due_at IS NULL)
);
COMMENT ON COLUMN collection_schedules.next_due_at IS
    'the first moment of which nothing is decided yet; its row lock decides who fires it';
CREATE INDEX collection_schedules_due ON collection_schedules (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX collection_schedules_of_preset ON collection_schedules (org_id, preset_id) WHERE preset_id IS NOT NULL;
CREATE INDEX collection_schedules_of_template ON collection_schedules (org_id, template_id)
    WHERE template_id IS NOT NULL;

CREATE TABLE collection_schedule_firings (
    org_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('made', 'started', 'skipped', 'missed', 'failed')),
    detail text,
    run_id uuid,
    start_by timestamptz,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, schedule_id, due_at),
    FOREIGN KEY (org_id, schedule_id) REFERENCES collection_schedules (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, run_id) REFERENCES collection_runs (org_id, id) ON DELETE CASCADE,
    CHECK (state NOT IN ('made', 'started') OR run_id IS NOT NULL),
    CHECK (state <> 'made' OR start_by IS NOT NULL)
);
COMMENT ON COLUMN collection_schedule_firings.state IS
    'made: its run is there and waits to be started, which whoever sees it does';
COMMENT ON COLUMN collection_schedule_firings.start_by IS 'until when its run may still be started';
CREATE INDEX collection_schedule_firings_made ON collection_schedule_firings (due_at) WHERE state = 'made';
CREATE INDEX collection_schedule_firings_of_run ON collection_schedule_firings (org_id, run_id)
    WHERE run_id IS NOT NULL;
