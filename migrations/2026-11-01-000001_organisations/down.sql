DROP TABLE amazon_categories;
DROP TABLE orgs;
