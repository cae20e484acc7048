"""The database: opened when first needed, migrated, copied; the core's own tables."""
