DROP TABLE collection_schedule_firings;
DROP TABLE collection_schedules;
DROP TABLE run_templates;
DROP TABLE amazon_category_presets;
DROP TABLE collection_settings;
