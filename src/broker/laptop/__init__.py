"""What runs on an analyst's laptop: one program, started by ``server/scripts/sync_data.sh``."""
