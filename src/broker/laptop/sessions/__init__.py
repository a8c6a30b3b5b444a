"""Transcripts of Claude Code's sessions in the folder, redacted and kept where that is wanted."""
